"""Who gets a host: whoever proves it in DNS, for as long as it is proved."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, select

from portal import worker
from portal.config import load
from portal.db import db, now
from portal.doctor.domains import own
from portal.domain_look import look
from portal.errors import AddressError, SettingsError
from portal.flows.check_domain import check_domain
from portal.models.account import Account
from portal.models.account_domain import MISSES, AccountDomain, wanted_host
from portal.models.address import normalise_host
from portal_email.tests.scripted_dns import FAILS, SILENCE
from tests.cast import Staff, World
from tests.own_domain.conftest import (
    CHALLENGE,
    HOST,
    OWN,
    Registrar,
    domain_of,
    events,
    gets,
)
from tests.wait import wait_for

DAY = timedelta(days=1)
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def portal_url(staff: Staff) -> str:
    return staff.at().field("portal-url")


def makes_due(world: World, slug: str) -> None:
    domain_id = domain_of(world, slug).id
    with world.app.app_context():
        db.session.get_one(AccountDomain, domain_id).due_at = now()
        db.session.commit()


def looks(world: World, slug: str = "acme") -> None:
    """Look as the sweep has it done, when it is time."""
    with world.app.app_context():
        for domain_id in AccountDomain.due(limit=9):
            db.session.rollback()
            check_domain(domain_id)


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("https://clients.acme.example", "the name alone"),
        ("clients.acme.example:8000", "the name alone"),
        ("clients.acme.example/door", "the name alone"),
        ("ada@acme.example", "the name alone"),
        ("192.0.2.7", "address of a machine"),
        ("clients_acme.example", "not a domain name"),
        ("acme..example", "not a domain name"),
        ("acme.example.7", "not a domain name"),
        ("", "not a domain name"),
        ("example", "Many share this ending"),
        ("co.uk", "Many share this ending"),
        ("portal.example.com", "the whole installation"),
        ("PORTAL.example.com.", "the whole installation"),
        ("a-very-long-name-of-a-company.acme.example", "42 characters. At most 41"),
    ],
)
def test_a_name_that_cannot_be_had_is_refused_with_a_reason(typed: str, wrong: str) -> None:
    app = Flask("settings alone")
    app.config["PORTAL_SETTINGS"] = load(url="https://portal.example.com")
    with app.app_context(), pytest.raises(AddressError, match=wrong):
        wanted_host(typed)


def test_names_of_any_script_are_one_key() -> None:
    assert normalise_host(" Kunden.Straße.example. ") == "kunden.xn--strae-oqa.example"


def test_an_alias_leads_here_though_its_addresses_change(registrar: Registrar) -> None:
    registrar.records[f"{HOST} CNAME"] = ["portal.example.com"]
    registrar.records["portal.example.com A"] = ["203.0.113.5"]
    host, port = registrar.server.address
    found = load(url="https://portal.example.com", dns_servers=(f"{host}:{port}",))
    seen = look(HOST, CHALLENGE, found)
    assert (seen.addresses, seen.here, seen.is_alias) == (["203.0.113.5"], ["203.0.113.5"], True)
    registrar.records["portal.example.com A"] = []
    seen = look(HOST, CHALLENGE, found)
    assert (seen.addresses, seen.leads_here(is_proxied=False)) == ([], False)
    registrar.records[f"{HOST} CNAME"], registrar.records[f"{HOST} A"] = [], ["203.0.113.5"]
    seen = look(HOST, CHALLENGE, found)
    assert seen.leads_here(is_proxied=False) is None  # ours is the one that is missing


@pytest.mark.parametrize("servers", ["nowhere", "127.0.0.1:0", "127.0.0.1:x", "dns.example:53"])
def test_a_name_server_is_an_address(servers: str) -> None:
    with pytest.raises(SettingsError, match="PORTAL_DNS_SERVERS: must be addresses"):
        load(dns_servers=servers)


def test_records_are_shown_found_and_followed(ada: Staff, registrar: Registrar) -> None:
    page = ada.at("domain/").sees("Your own domain")
    page.presses("Show the records", host="https://acme.example/").is_status(422).sees("name alone")
    page = page.presses("Show the records", host=" Clients.ACME.example. ").is_status(200)
    proof = domain_of(ada.world).proof
    assert page.field("proof-name") == CHALLENGE
    assert page.field("proof-value") == proof
    assert page.field("address-name") == HOST
    assert page.field("address-value") == "127.0.0.1"
    page.sees("Waiting for the records", "Not looked for yet")
    page = page.presses("Check now").sees("Not found: there is no such record yet")
    registrar.proves("portico=somebody\\000\\255 else's")
    registrar.leads("192.0.2.1")
    page = page.presses("Check now").sees(
        "Found with another value: portico=somebody\ufffd else's",
        "It leads to 192.0.2.1, this portal is at 127.0.0.1.",
    )
    registrar.proves("v=spf1", proof)
    page = page.presses("Check now").sees("Not yet", "Found.")
    assert domain_of(ada.world).held_host is None
    page = page.presses("It is our proxy").sees("is in use", "which is your proxy, as you said")
    assert portal_url(ada) == OWN
    page = ada.at("domain/").presses("There is no proxy any more").sees("It is our proxy")
    registrar.leads("127.0.0.1")
    ada.at("domain/").presses("Check now").sees("where this portal is").does_not_see("proxy")
    ada.at("history/").sees("The portal's own domain is in use", HOST, "asked for a domain")
    assert ada.browser.asks("GET", "/admin/acme/domain/").status_code == 200
    page = ada.at("domain/").follows("Remove").sees("do not open any more").presses("Remove")
    page.sees("was removed", "Your own domain")
    assert portal_url(ada).endswith("/p/acme")
    assert events(ada.world) == [
        "domain_asked",
        "domain_changed",
        "domain_verified",
        "domain_changed",
        "domain_removed",
    ]


def test_whoever_proves_it_gets_it(ada: Staff, bea: Staff, registrar: Registrar) -> None:
    bea.at("domain/").presses("Show the records", host=HOST)
    gets(ada, registrar)  # that Birch asked first takes nothing from Acme
    theirs, ours = domain_of(bea.world, "birch").proof, domain_of(ada.world).proof
    assert theirs != ours
    registrar.proves(theirs, ours)
    bea.at("domain/").presses("Check now").sees("Another portal has this name")
    assert portal_url(ada) == OWN
    registrar.proves(theirs)
    bea.at("domain/").presses("Check now").sees("is in use").does_not_see("Another portal")
    assert portal_url(bea) == OWN
    assert portal_url(ada).endswith("/p/acme")
    ada.at("domain/").sees("Another portal has proved the name, so it is theirs.")
    assert events(ada.world)[-1] == "domain_failing"
    below = f"x.{HOST}"
    refused = ada.at("domain/remove").presses("Remove").presses("Show the records", host=below)
    refused.is_status(422).sees("lies below the domain of another portal")
    registrar.proves()
    for _day in range(MISSES):
        makes_due(bea.world, "birch")
        looks(bea.world)
    assert events(bea.world, "birch")[-1] == "domain_failing"
    ada.at("domain/").presses("Show the records", host=below).sees("Now set these records")


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_one_who_removes_a_host_and_one_who_proves_it_do_not_wait_for_each_other(
    ada: Staff, bea: Staff, registrar: Registrar
) -> None:
    def proves() -> None:
        with bea.world.app.app_context():
            check_domain(theirs.id, is_pressed=True)

    gets(ada, registrar)
    bea.at("domain/").presses("Show the records", host=HOST)
    ours, theirs = domain_of(ada.world), domain_of(bea.world, "birch")
    registrar.proves(theirs.proof)
    with ada.world.app.app_context(), db.engine.begin() as other:
        other.execute(select(Account).where(Account.id == ours.account_id).with_for_update())
        thread = threading.Thread(target=proves)
        thread.start()
        waiting = db.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        wait_for(lambda: other.execute(waiting).scalar_one())
        other.execute(delete(AccountDomain).where(AccountDomain.id == ours.id))
    thread.join()
    assert portal_url(bea) == OWN


@SQLITE
def test_a_host_is_given_up_when_it_was_missed_on_three_days_and_not_for_trouble(
    ada: Staff, sol: Staff, registrar: Registrar
) -> None:
    gets(ada, registrar)
    proof = domain_of(ada.world).proof
    with time_machine.travel(now(), tick=True) as clock:
        for trouble in (FAILS, SILENCE):
            registrar.records[f"{CHALLENGE} TXT"] = trouble
            for _day in range(2):
                clock.shift(DAY)
                looks(ada.world)
        assert domain_of(ada.world).misses == 0
        registrar.proves()
        for _day in range(2):
            clock.shift(DAY)
            looks(ada.world)
        with ada.world.app.app_context():
            check_domain(domain_of(ada.world).id, is_pressed=True)  # which is no daily look
        assert (domain_of(ada.world).misses, domain_of(ada.world).state) == (2, "verified")
        registrar.proves(proof)
        clock.shift(DAY)
        looks(ada.world)
        assert domain_of(ada.world).misses == 0
        registrar.proves()
        for _day in range(3):
            clock.shift(DAY)
            looks(ada.world)
    found = domain_of(ada.world)
    assert (found.state, found.held_host) == ("failing", HOST)
    ada.at().sees("Your own domain is not in use any more")
    sol.at().does_not_see("Your own domain")
    assert portal_url(ada).endswith("/p/acme")
    registrar.proves(proof)
    ada.at("domain/").sees("still open wherever").presses("Check now").sees("is in use")
    assert portal_url(ada) == OWN
    assert events(ada.world) == [
        "domain_asked",
        "domain_verified",
        "domain_failing",
        "domain_verified",
    ]


@SQLITE
def test_the_sweep_looks_more_and_more_seldom(ada: Staff, registrar: Registrar) -> None:
    ada.at("domain/").presses("Show the records", host=HOST)
    domain_id, due_at, waits = domain_of(ada.world).id, domain_of(ada.world).due_at, []
    with time_machine.travel(now(), tick=False) as clock, ada.world.app.app_context():
        while due_at is not None:
            waits.append(due_at - now())
            clock.move_to(due_at)
            if not waits[1:]:
                worker.sweep()
                assert ada.world.app.extensions["portal_queue"].size() == 1
            for _worker in range(2):  # the second finds it in hand
                worker.VERBS["domain"](domain_id)
            due_at = db.session.get_one(AccountDomain, domain_id).due_at
    assert waits[0] <= timedelta(minutes=1)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=6)
    assert 30 < len(waits) < 60
    assert len(registrar.server.asked) == 3 * len(waits)
    ada.at("domain/").sees("so we have stopped looking").presses("Check now").sees("by ourselves")
    assert domain_of(ada.world).due_at


@SQLITE
def test_nothing_is_held_open_while_the_dns_thinks(ada: Staff, registrar: Registrar) -> None:
    ada.at("domain/").presses("Show the records", host=HOST)
    open_then = []
    answer = registrar.server._answer

    def watched(query: object) -> object:
        with ada.world.app.app_context():
            open_then.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return answer(query)  # type: ignore[arg-type]

    registrar.server._answer = watched  # type: ignore[assignment, method-assign]
    ada.at("domain/").presses("Check now")
    assert open_then == [0, 0, 0]


@SQLITE
def test_pressing_again_and_again_is_bounded(ada: Staff, registrar: Registrar) -> None:
    page = ada.at("domain/").presses("Show the records", host=HOST)
    for _press in range(20):
        page = page.presses("Check now").sees("Not yet")
    page.presses("Check now").sees("You have looked many times")
    assert len(registrar.server.asked) == 3 * 20


@SQLITE
def test_a_name_of_this_machine_needs_no_proof(ada: Staff, registrar: Registrar) -> None:
    page = ada.at("domain/").presses("Show the records", host="acme.localhost")
    page.presses("Check now").sees("is in use", "leads to this machine alone")
    assert portal_url(ada) == "http://acme.localhost:8000"
    assert registrar.server.asked == []


@SQLITE
def test_the_doctor_says_what_is_wrong_and_changes_nothing(
    ada: Staff, registrar: Registrar
) -> None:
    app = ada.world.app
    found = app.config["PORTAL_SETTINGS"]

    def says(slug: str = "") -> list[tuple[str, str]]:
        with app.app_context():
            return [(one.level, one.detail) for one in own(found, slug)]

    assert says() == [("good", "None is in use.")]
    gets(ada, registrar, "clients.acme.invalid")
    right, page = says("acme")
    assert right == ("good", "Its records are right.")
    assert page == (
        "bad",
        "It does not answer: its name is not found in DNS. See the proxy in front.",
    )
    registrar.proves(host="clients.acme.invalid")
    assert says()[0] == ("bad", "Its proof is gone: set this TXT record again.")
    assert domain_of(ada.world).misses == 0
    registrar.leads("192.0.2.9", host="clients.acme.invalid")
    registrar.proves(domain_of(ada.world).proof, host="clients.acme.invalid")
    assert says()[0] == ("bad", "It leads to 192.0.2.9, and not to this portal.")

"""Two contacts that are one person become one, and nothing of what happened is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask

from portal.db import db, now
from portal.errors import GoneError
from portal.flows.edit_contact import Details, add_contact
from portal.flows.invite import invite
from portal.flows.merge_contacts import merge_contacts
from portal.flows.revoke import suspend
from portal.models import Account, Contact, Delivery, Event, MagicLink, PortalAccess, Staff
from portal.models.contact_merge import status_of
from tests.cast import Client, World
from tests.cast import Staff as StaffPerson
from tests.contacts.conftest import fault, seals
from tests.delivery.provider import Provider, deliveries, takes
from tests.models.acme import at_once

ONE, OTHER = "carl@carter.example", "c.carter@work.example"


def test_both_become_one_with_all_that_happened(
    world: World, ada: StaffPerson, sol: StaffPerson, carl: Client
) -> None:
    ada.adds("Carl Carter", ONE)
    ada.page_of(ONE).presses("Add tag", tag="VIP")
    ada.invites(ONE)
    carl.signs_in().sees("You are in")
    at_work = Client(world, OTHER, "acme")
    ada.at("contacts/new").presses(
        "Add contact", name="CARL CARTER", email=OTHER, phone="+442079460018", external_id="C-17"
    )
    ada.page_of(OTHER).presses("Add tag", tag="Guest")
    ada.invites(OTHER)
    at_work.signs_in().sees("You are in")
    ada.sends_login_email(OTHER)
    old = at_work.letter().link
    ada.sends_login_email(OTHER)
    seals(world.app)
    lines = count(world.app, Event)
    page = ada.page_of(ONE).sees("CARL CARTER", "same name").follows("Compare")
    page.sees("Stays", "Goes", "The access will be joined").follows("The other way round")
    sol.page_of(ONE).follows("Merge with…").presses("Compare", who="nobody").is_status(422)
    chosen = sol.page_of(ONE).follows("Merge with…").presses("Compare", who=OTHER)
    done = chosen.presses("Merge", email="kept", name="kept").sees("Both are one contact now")
    done.sees(ONE, "+442079460018", "C-17", "VIP", "Guest", "Sol Sand merged another contact")
    done.sees(f"The other one: CARL CARTER, {OTHER}").does_not_see("same name")
    assert (count(world.app, Contact), count(world.app, Event)) == (1, lines + 1)
    assert [str(one.status) for one in deliveries(world.app)][-1] == "cancelled"
    assert {one.contact_id for one in deliveries(world.app)} == {done_id(done.path)}
    assert fault(world.app) == ""
    seals(world.app)
    assert fault(world.app) == ""
    carl.home().sees("Signed in as")
    at_work.home().sees("Email me a sign-in link")
    at_work.opens(old).is_status(410).sees("newer")
    world.worker.drains()
    assert len(at_work.letters()) == 2, "what was queued is not sent"
    chosen.presses("Merge").is_status(404)


def test_the_page_shows_whose_access_ends(ada: StaffPerson) -> None:
    for address, ends_at in ((ONE, ""), (OTHER, "2030-01-31T12:00")):
        ada.invites(address, ends_at=ends_at)
    chosen = ada.page_of(ONE).follows("Merge with…").presses("Compare", who=OTHER)
    chosen.sees("Ends 31 Jan 2030").presses("Merge").sees("Ends 31 Jan 2030")


def test_another_address_ends_what_went_to_the_old_one(
    world: World, ada: StaffPerson, carl: Client
) -> None:
    ada.invites(ONE)
    carl.signs_in().sees("You are in")
    ada.adds("Carl Carter", OTHER)
    page = ada.page_of(ONE).follows("Merge with…").presses("Compare", who=OTHER)
    page.presses("Merge", email="gone").sees(OTHER, f"E-mail address: {ONE} → {OTHER}")
    carl.home().sees("Email me a sign-in link")
    ada.sends_login_email(OTHER)
    assert Client(world, OTHER, "acme").signs_in().sees("You are in")
    ada.page_of(OTHER).follows("Merge with…").presses("Compare", who=OTHER).is_status(422)


def test_nobody_who_was_shut_out_gets_in_by_a_merge(world: World) -> None:
    app = world.app
    with app.app_context():
        account, ada = people()
        for kept_is_shut_out in (True, False):
            names = [f"{word}{kept_is_shut_out}@x.example" for word in ("kept", "gone")]
            kept, gone = (invite(account, name, by=ada) for name in names)
            suspend(kept if kept_is_shut_out else gone, by=ada)
            merge(kept.id, gone.id)
            access = PortalAccess.of(kept.id)
            assert access
            assert access.status == "suspended"
            links = db.session.scalars(db.select(MagicLink)).all()
            assert all(link.revoked_at or link.auth_epoch < access.auth_epoch for link in links)
        never = add_contact(account, Details("N", "never@x.example"), by=ada)
        invited = invite(account, "open@x.example", by=ada)
        before = PortalAccess.of(invited.id)
        assert before
        before.opened_at = now()
        db.session.commit()
        merge(never.id, invited.id)
        access = PortalAccess.of(never.id)
        assert access
        assert (access.status, access.opened_at) == ("invited", before.opened_at)
    for one, other, both in (
        ("joined", "suspended", "suspended"),
        ("joined", "revoked", "revoked"),
        ("suspended", "revoked", "revoked"),
        ("invited", "joined", "joined"),
    ):
        accesses = [PortalAccess(contact_id=1, account_id=1, status=it) for it in (one, other)]
        assert status_of(*accesses) == status_of(*reversed(accesses)) == both


def test_a_worker_that_sends_to_the_one_that_goes_writes_nothing_wrong(
    world: World, app: Flask
) -> None:
    with app.app_context():
        account, ada = people()
        kept = invite(account, ONE, by=ada)
        world.worker.drains()
        gone = invite(account, OTHER, by=ada)

    def merges(_request: Any) -> Any:
        at_once(app, partial(merge, kept.id, gone.id))
        return takes(_request)

    Provider.of(app, merges)
    world.worker.drains()
    assert [str(one.status) for one in deliveries(app)] == ["sent", "cancelled"]
    assert "may have gone out" in deliveries(app)[1].error


def test_two_who_merge_in_opposite_directions_lose_nothing(world: World, app: Flask) -> None:
    for turn in range(4):
        with app.app_context():
            account, ada = people()
            a, b = (invite(account, f"{word}{turn}@x.example", by=ada).id for word in "ab")
            before = [sizes(of) for of in (Event, Delivery, MagicLink)]
        answers = at_once(app, *(partial(try_merge, *pair) for pair in ((a, b), (b, a))))
        assert sorted(answers) == ["gone", "merged"]
        with app.app_context():
            assert before == [sizes(of) - (of is Event) for of in (Event, Delivery, MagicLink)]
            (kept,) = db.session.scalars(db.select(Contact).where(Contact.id.in_((a, b)))).all()
            strays = db.select(Event.id).where(Event.kind == "invited", Event.contact_id == kept.id)
            assert len(db.session.scalars(strays).all()) == 2
    seals(app)
    assert fault(app) == ""


def try_merge(kept_id: int, gone_id: int) -> str:
    try:
        merge(kept_id, gone_id)
    except GoneError:
        return "gone"
    return "merged"


def merge(kept_id: int, gone_id: int) -> None:
    account, ada = people()
    ids = (kept_id, gone_id)
    rows = {one.id: one.email_norm for one in Contact.find_all(account, ids)}
    db.session.rollback()
    known_as = {row_id: rows.get(row_id, "") for row_id in ids}
    merge_contacts(account, kept_id, gone_id, known_as=known_as, by=ada)


def people() -> tuple[Account, Staff]:
    account, ada = Account.by_slug("acme"), Staff.by_email("ada@acme.example")
    assert account
    assert ada
    return account, ada


def sizes(table: Callable[..., Any]) -> int:
    return db.session.scalar(db.select(db.func.count()).select_from(table)) or 0


def count(app: Flask, table: Callable[..., Any]) -> int:
    with app.app_context():
        return sizes(table)


def done_id(path: str) -> int:
    return int(path.rpartition("/")[2])

"""The list of contacts: the same people in the same order on both databases, by whichever way they
are found: read whole, walked through, or by the index of the text."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from portal import schema
from portal.db import atomic, db, now
from portal.errors import SettingsError
from portal.flows.edit_contact import Details, edit_contact
from portal.models import Account, Contact, ContactTag, PortalAccess, Tag, contact_list
from portal.models.contact_criteria import NEVER, Wanted
from portal.models.contact_list import Bounds, page
from portal.models.contact_walk import ContactLine
from portal.models.search_words import Search
from tests.models.acme import account_at, ada, add, inside, opened, somebody_waits
from tests.wait import wait_for

FIRST = ("José", "Zoë", "ZOE", "Åsa", "Ng", "ﬁona", "Straße", "李", "محمد", "Ann", "Joanna", "")
LAST = ("Núñez", "O'Hara", "50%_off", 'Quo"te', "back\\slash", "Li-Wu", "Smith", "\U0001d518nicode")
SEARCHES = (
    "jose", "zoe", "ZOË", "ann", "anna", "oha", "o'h", "%", "_", "50%", "%_o", 'o"t', '"', "\\",
    "k\\s", "ng", "n", "li", "smith ann", "ann ng", "strasse", "fion", "李", "محمد", "مد",
    "unicode", "example", "p1@", "7946", "020 7946", "(020) 7946-0001", "+44 20 7946 0003",
    "0044 (0)20 7946", "00442079460005", "ref-7", "REF-1", "ref 1", "zzz",
    "AND", "ann OR zoe", "NEAR(", "a*",
    "-ann", "p12.5@people.example", "0.5@PEOPLE", "@people.example", "search_key:ann", "",
)  # fmt: skip
WAYS = {
    "read whole": Bounds(few=1_000, some=0, reach=10),
    "walked through": Bounds(few=0, some=0, reach=10_000),
    "in short walks": Bounds(few=0, some=0, reach=7),
    "some whole": Bounds(few=5, some=60, reach=60),
}


@pytest.fixture
def acme(app: Flask) -> Iterator[Account]:
    opened(app)
    opened(app, slug="birch")
    with inside(app) as found:
        add(account_at("birch"), ("Zoe Ann Smith of Birch", "zoe@birch.example"))
        fill(found)
        yield found


@atomic
def fill(account: Account) -> None:
    """A hundred people who differ in everything that the list looks at."""
    dice, pairs = random.Random(4), list(itertools.product(FIRST, LAST))
    vip, late = (Tag.find_or_add(account.id, name) for name in ("VIP", "Late"))
    pairs.append(("Smith", "Annabel"))
    for n, (first, last) in enumerate(pairs):
        name = f"{first} {last}" if first else ""
        contact = Contact.find_or_add(account, f"p{n}.{len(last)}@People.example", name)
        contact.change(
            name=name,
            email=contact.email,
            phone=f"+44207946{n:04}" if n % 3 == 0 else "",
            locale="",
            external_id=f"Ref-{n}" if n % 2 else "",
            addresses={"matrix": "@x"} if n % 7 == 0 else {},
        )
        contact.created_at = now() - timedelta(days=dice.randrange(30))
        ContactTag.put_on(vip.id, [contact.id] * (n % 3 == 0))
        ContactTag.put_on(late.id, [contact.id] * (n % 11 == 0))
        if n % 4:
            let_in(contact, n, now() - timedelta(days=dice.choice((1, 20, 200))))


def let_in(contact: Contact, n: int, seen_at: datetime) -> None:
    access = PortalAccess.grant(contact)
    access.status = ("invited", "joined", "suspended", "revoked", "joined")[n % 5]
    access.last_seen_at = seen_at if access.status != "invited" else None
    access.undelivered = n % 9 == 0
    db.session.flush()


def bound_by(bounds: Bounds, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("OF_OTHERS", "OF_LETTERS"):
        monkeypatch.setattr(contact_list, kind, bounds)


def everyone(account: Account) -> list[ContactLine]:
    return page(account, Wanted(), size=500).lines


def walked(account: Account, wanted: Wanted, size: int = 8) -> list[str]:
    """Read the list from its first page to its last, and back again; return it."""
    there, keys, found = list[str](), list[object](), page(account, wanted, size=size)
    while True:
        there += [line.email for line in found.lines]
        if found.on is None:
            break
        keys.append(found.on)
        found = page(account, wanted, after=found.on, size=size)
    back = [line.email for line in found.lines]
    while keys and found.back is not None:
        found = page(account, wanted, before=found.back, size=size)
        back = [line.email for line in found.lines] + back
    assert back == there
    return there


def test_each_way_finds_the_same_people(acme: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    people = everyone(acme)
    for way, bounds in WAYS.items():
        bound_by(bounds, monkeypatch)
        for q in SEARCHES if way == "read whole" else SEARCHES[::2]:
            assert walked(acme, Wanted(q=q), size=30) == meant_by(q, people), (way, q)


def meant_by(q: str, people: list[ContactLine]) -> list[str]:
    """Return whom the search finds: first whose name begins with it."""
    search = Search.of(q)
    found = [one for one in people if search.is_in(one.search_key)]
    found.sort(key=lambda one: not (q and one.sort_key.startswith(search.phrase)))
    return [one.email for one in found]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_order_holds_however_postgresql_joins(
    acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = everyone(acme)
    vip = Tag.named(acme.id, "vip")
    assert vip
    bound_by(WAYS["walked through"], monkeypatch)
    for kind in ("nestloop", "mergejoin"):  # which leaves it a hash of one of the two sides
        db.session.execute(text(f"SET LOCAL enable_{kind} = off"))
    found = walked(acme, Wanted(tag_id=vip.id), size=20)
    order = [one.email for one in sorted(people, key=lambda one: (one.sort_key, one.id))]
    assert found == [email for email in order if email in set(found)]
    assert len(found) > 20


def test_each_filter_and_order_lists_its_own(
    acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = everyone(acme)
    vip = Tag.named(acme.id, "vip")
    assert vip
    wearers = set(Tag.of_contacts([one.id for one in people]))
    with_vip = {
        id for id, tags in Tag.of_contacts(list(wearers)).items() if vip.id in {t.id for t in tags}
    }
    long_ago, lately = now() - timedelta(days=90), now() - timedelta(days=10)
    rules: list[tuple[dict[str, object], Callable[[ContactLine], bool]]] = [
        ({"status": "none"}, lambda one: one.status == ""),
        ({"status": "joined"}, lambda one: one.status == "joined"),
        ({"status": "revoked", "q": "ann"}, lambda one: one.status == "revoked"
         and "ann" in one.search_key),
        ({"status": "undelivered"}, lambda one: one.undelivered),
        ({"status": "dormant"}, lambda one: one.status == "joined" and one.seen_key < long_ago),
        ({"seen_since": lately}, lambda one: one.seen_key >= lately),
        ({"seen_until": lately}, lambda one: NEVER < one.seen_key < lately),
        ({"is_never_seen": True}, lambda one: one.seen_key == NEVER),
        ({"tag_id": vip.id}, lambda one: one.id in with_vip),
        ({"tag_id": vip.id, "status": "joined", "q": "o"}, lambda one: one.id in with_vip
         and one.status == "joined" and "o" in one.search_key),
        ({"reach": "phone"}, lambda one: bool(one.phone)),
        ({"reach": "matrix"}, lambda one: bool(one.addresses)),
        ({"reach": "email"}, lambda one: True),
    ]  # fmt: skip
    orders = {
        "name": lambda one: (one.sort_key, one.id),
        "seen": lambda one: (one.seen_key, one.id),
        "added": lambda one: (one.created_at, one.id),
    }
    for way, (sort, key) in itertools.product(("read whole", "in short walks"), orders.items()):
        bound_by(WAYS[way], monkeypatch)
        for fields, rule in rules:
            chosen = sorted(filter(rule, people), key=key, reverse=sort != "name")
            assert chosen, fields
            found = walked(acme, Wanted(sort=sort, **fields), size=20)  # type: ignore[arg-type]
            assert found == [one.email for one in chosen], (way, sort, fields)


def test_a_walk_that_was_cut_says_so_and_goes_on(
    acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound_by(Bounds(few=0, some=0, reach=5), monkeypatch)
    first = page(acme, Wanted(q="zz"))
    assert (first.lines, first.is_cut, bool(first.on)) == ([], True, True)
    short = page(acme, Wanted(q="of"))
    assert short.is_cut
    assert len(short.lines) <= 5


def test_however_short_the_walk_names_that_begin_so_are_found(
    acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound_by(Bounds(few=0, some=0, reach=5), monkeypatch)
    found = page(acme, Wanted(q="Zoë"))
    assert [one.sort_key[:3] for one in found.lines] == ["zoe"] * 5


def test_what_is_found_follows_what_is_known(acme: Account) -> None:
    (dora,) = add(acme, ("Dora Dale", "dora@dale.example"))
    assert [one.name for one in page(acme, Wanted(q="dora")).lines] == ["Dora Dale"]
    details = Details("Dorothea Dell", "doro@dell.example", "+49 30 901820")
    edit_contact(acme, dora, details, by=ada())
    for q, is_found in (("dora", 0), ("dale", 0), ("thea", 1), ("030/901820", 1), ("doro@", 1)):
        assert len(page(acme, Wanted(q=q)).lines) == is_found, q
    forget(dora)
    assert page(acme, Wanted(q="doro")).lines == []


@atomic
def forget(contact: Contact) -> None:
    db.session.delete(contact)


def test_the_migration_fills_in_those_who_are_there(acme: Account, app: Flask) -> None:
    before, engine = [(one.email, *one[7:10], one.search_key) for one in everyone(acme)], db.engine
    found = walked(acme, Wanted(q="020 7946"))
    db.session.commit()
    schema.move(engine, "0004")
    with engine.begin() as connection:
        connection.execute(text("UPDATE contact SET search_key = 'old'"))
    schema.move(engine)
    again = account_at("acme")
    assert [(one.email, *one[7:10], one.search_key) for one in everyone(again)] == before
    assert walked(again, Wanted(q="020 7946")) == found


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_dozen_commits_leave_the_text_index_alone(acme: Account) -> None:
    """Merging its pieces costs more than writing them: that is done of sixteen at once."""
    pieces = text("SELECT count(DISTINCT segid) FROM contact_search_idx")
    db.session.execute(text("INSERT INTO contact_search (contact_search) VALUES ('optimize')"))
    db.session.commit()
    before, dice = db.session.scalar(pieces) or 0, random.Random(1)
    for _ in range(12):  # a hundred pages in all; from the sixty-fourth on, fewer would be merged
        names = [f"Nora {dice.randbytes(20).hex()}" for _ in range(40)]
        add(acme, *((name, f"{name[5:]}@north.example") for name in names))
    assert (db.session.scalar(pieces) or 0) >= before + 12


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_user_without_the_right_is_told_what_to_type(app: Flask, database: str) -> None:
    with app.app_context():
        engine = db.engine
        schema.move(engine, "0004")
        with engine.begin() as connection:
            connection.execute(text("DROP EXTENSION pg_trgm"))
            connection.execute(text("DROP ROLE IF EXISTS clerk"))
            connection.execute(text("CREATE ROLE clerk LOGIN"))
            connection.execute(text("GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk"))
        clerk = create_engine(engine.url.set(username="clerk"))
        try:
            with pytest.raises(SettingsError, match=r"psql .*-c 'CREATE EXTENSION pg_trgm'"):
                schema.move(clerk)
        finally:
            clerk.dispose()
            with engine.begin() as connection:
                connection.execute(text("DROP OWNED BY clerk"))
                connection.execute(text("DROP ROLE clerk"))
        schema.move(engine)
        assert schema.differences(engine) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_signing_in_while_the_address_is_corrected_waits_and_goes_on(
    acme: Account, app: Flask
) -> None:
    """The access writes its contact: two who lock both in another order would wait for ever."""
    (dora,) = add(acme, ("Dora Dale", "dora@dale.example"))
    let_in(dora, 1, now())
    db.session.commit()

    def corrects() -> None:
        with app.app_context():
            account = account_at("acme")
            contact = Contact.by_email(account.id, "dora@dale.example")
            assert contact
            edit_contact(account, contact, Details("Dora Dale", "dora@dell.example"), by=ada())

    other = threading.Thread(target=corrects)
    with db.engine.begin() as connection:
        lock = text("SELECT 1 FROM portal_access WHERE contact_id = :id FOR UPDATE")
        connection.execute(lock, {"id": dora.id})
        other.start()
        wait_for(somebody_waits, what="the correction to wait")
        seen = text("UPDATE portal_access SET last_seen_at = now() WHERE contact_id = :id")
        connection.execute(seen, {"id": dora.id})
    other.join()
    assert [one.email for one in page(acme, Wanted(q="dora")).lines] == ["dora@dell.example"]

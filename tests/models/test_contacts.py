"""Contacts: found by any part of their words, and listed page by page without holes."""

from __future__ import annotations

import random

import pytest
from flask import Flask

from portal.db import atomic
from portal.errors import TakenError
from portal.models import Contact, PortalAccess
from portal.models.contact_criteria import Wanted
from portal.models.contact_list import PAGE, page, suggest
from tests.models.acme import account_at, add, at_once, inside, opened

PEOPLE = (
    ("José Núñez", "jose@nunez.example"),
    ("MÜLLER Söhne", "post@müller.example"),
    ("100 % Wool", "sheep_farm@wool.example"),
    ("Back\\slash", "back@slash.example"),
    ("", "nameless@nowhere.example"),
)

SEARCHES = [
    ("jose", ["José Núñez"]),
    ("NÚÑEZ", ["José Núñez"]),
    ("nunez jo", ["José Núñez"]),
    ("muller", ["MÜLLER Söhne"]),
    ("söhne müll", ["MÜLLER Söhne"]),
    ("%", ["100 % Wool"]),
    ("_", ["100 % Wool"]),
    ("p_farm", ["100 % Wool"]),
    ("sheepXfarm", []),
    ("\\", ["Back\\slash"]),
    ("k\\s", ["Back\\slash"]),
    ("nameless", ["nameless@nowhere.example"]),
    ("nowhere.example", ["nameless@nowhere.example"]),
    ("jose muller", []),
    ("'; DROP TABLE contact; --", []),
]


@pytest.fixture
def account(app: Flask) -> None:
    opened(app)


def names(found: object) -> list[str]:
    return [line.name or line.email for line in found]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("account")
def test_words_find_people_whatever_their_case_and_accents(app: Flask) -> None:
    with inside(app) as acme:
        add(acme, *PEOPLE)
        for q, expected in SEARCHES:
            assert names(page(acme, Wanted(q=q)).lines) == expected, q
            assert names(suggest(acme, q)) == expected, q


@pytest.mark.usefixtures("account")
def test_nothing_typed_suggests_nobody_and_lists_everybody(app: Flask) -> None:
    with inside(app) as acme:
        add(acme, *PEOPLE)
        assert suggest(acme, "  ") == []
        assert len(page(acme, Wanted()).lines) == len(PEOPLE)


@pytest.mark.usefixtures("account")
def test_pages_leave_nobody_out_while_others_are_added(app: Flask) -> None:
    """Someone is added before, at and behind the place where the reader is."""
    dice = random.Random(7)
    with inside(app) as acme:
        people = [(f"Person {n % 40:02}", f"p{n}@people.example") for n in range(3 * PAGE + 7)]
        add(acme, *people)
        seen: list[str] = []
        after = None
        while True:
            lines, _back, after, _is_cut = page(acme, Wanted(), after=after)
            seen += [line.email for line in lines]
            if after is None:
                break
            add(acme, *[(f"Person {dice.randrange(40):02}", f"new{len(seen)}-{k}@people.example")
                        for k in range(3)])  # fmt: skip
        assert len(seen) == len(set(seen))
        assert {email for _name, email in people} <= set(seen)


@pytest.mark.usefixtures("account")
def test_a_page_that_is_just_full_is_the_last(app: Flask) -> None:
    with inside(app) as acme:
        add(acme, *[(f"P{n}", f"p{n}@people.example") for n in range(4)])
        found = page(acme, Wanted(), size=4)
        assert (len(found.lines), found.back, found.on) == (4, None, None)
        found = page(acme, Wanted(), size=3)
        assert found.on == (found.lines[-1].sort_key, found.lines[-1].id)
        last = page(acme, Wanted(), size=3, after=found.on)
        assert names(last.lines) == ["P3"]
        assert page(acme, Wanted(), size=3, before=last.back).lines == found.lines


@pytest.mark.usefixtures("account")
def test_each_status_lists_its_own(app: Flask) -> None:
    with inside(app) as acme:
        known, invited, failed = add(acme, *PEOPLE[:3])
        grant(invited)
        grant(failed)
        mark(failed)
        shown = {
            status: names(page(acme, Wanted(status=status)).lines)
            for status in ("none", "invited", "undelivered", "joined", "")
        }
        assert shown["none"] == [known.name]
        assert set(shown["invited"]) == {invited.name, failed.name}
        assert shown["undelivered"] == [failed.name]
        assert shown["joined"] == []
        assert len(shown[""]) == 3


@pytest.mark.usefixtures("account")
def test_an_account_never_sees_the_contacts_of_another(app: Flask) -> None:
    opened(app, slug="birch")
    with inside(app) as acme:
        birch = account_at("birch")
        (carl,) = add(acme, ("Carl", "carl@carter.example"))
        (twin,) = add(birch, ("Carl of Birch", "carl@carter.example"))
        assert carl.id != twin.id
        assert names(page(birch, Wanted()).lines) == ["Carl of Birch"]
        assert names(suggest(acme, "carl")) == ["Carl"]
        assert Contact.find(birch, carl.id) is None
        assert Contact.find_all(birch, [carl.id, twin.id]) == [twin]


@pytest.mark.usefixtures("account")
def test_an_address_belongs_to_one_contact(app: Flask) -> None:
    with inside(app) as acme:
        carl, dora = add(acme, ("Carl", "carl@carter.example"), ("Dora", "dora@dale.example"))
        again = add(acme, ("Someone else", " CARL@Carter.example "))[0]
        assert (again.id, again.name) == (carl.id, "Carl")
        with pytest.raises(TakenError, match="Carl already has this address"):
            dora.change(
                name="Dora",
                email="Carl@carter.example",
                phone="",
                locale="",
                external_id="",
                addresses={},
            )


@pytest.mark.usefixtures("account")
def test_two_who_add_the_same_person_add_one(app: Flask) -> None:
    for n in range(5):
        found = at_once(app, *[lambda n=n: add_and_grant(f"rush{n}@carter.example")] * 6)
        assert len(set(found)) == 1
    with inside(app) as acme:
        assert len(page(acme, Wanted(q="rush")).lines) == 5


@atomic
def grant(contact: Contact) -> None:
    PortalAccess.grant(contact)


@atomic
def mark(contact: Contact) -> None:
    PortalAccess.mark_delivery(contact.id, undelivered=True)


@atomic
def add_and_grant(email: str) -> int:
    contact = Contact.find_or_add(account_at("acme"), email, "Rush")
    return PortalAccess.grant(contact).contact_id

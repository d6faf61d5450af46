"""The wearers of a tag, in the order of the names that they have now."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from portal.db import atomic, db
from portal.flows.edit_contact import Details, edit_contact
from portal.flows.tag_contacts import tag_contacts, untag_contacts
from portal.models import Account, Contact, ContactTag, Tag, contact_list
from portal.models.contact_criteria import Wanted
from portal.models.contact_list import Bounds, page
from tests.models.acme import account_at, ada, add, inside, opened, somebody_waits
from tests.wait import wait_for

PEOPLE = (("Bea Bell", "bea@x.example"), ("Ann Abel", "ann@x.example"), ("Zoe", "zoe@x.example"))
RENAMED = text("UPDATE contact SET name = 'Yann', sort_key = 'yann' WHERE email = 'ann@x.example'")


@pytest.fixture
def acme(app: Flask) -> Iterator[Account]:
    opened(app)
    with inside(app) as found:
        add(found, *PEOPLE)
        yield found


@pytest.fixture(autouse=True)
def walked_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No index but the tag's own is asked."""
    monkeypatch.setattr(contact_list, "OF_OTHERS", Bounds(few=0, some=0, reach=20))


def ids(account: Account) -> list[int]:
    return [line.id for line in page(account, Wanted()).lines]


def wearers(account: Account, name: str = "VIP", **wanted: str) -> list[str]:
    """Return their names, as pages of one each show them."""
    tag = Tag.named(account.id, name)
    assert tag
    asked = Wanted(tag_id=tag.id, **wanted)  # type: ignore[arg-type]
    found = page(account, asked, size=1)
    names = [line.name for line in found.lines]
    while found.on:
        found = page(account, asked, after=found.on, size=1)
        names += [line.name for line in found.lines]
    return names


def renames(account: Account, email: str, name: str) -> None:
    contact = Contact.by_email(account.id, email)
    assert contact
    edit_contact(account, contact, Details(name, email), by=ada())


def test_they_stand_in_the_order_of_their_names_whatever_becomes_of_those(acme: Account) -> None:
    tag_contacts(acme, "VIP", ids(acme), by=ada())
    assert wearers(acme) == ["Ann Abel", "Bea Bell", "Zoe"]
    renames(acme, "ann@x.example", "Yann")
    assert wearers(acme) == ["Bea Bell", "Yann", "Zoe"]
    assert wearers(acme, q="y") == ["Yann"]
    assert sorted(wearers(acme, sort="added")) == wearers(acme)


def test_each_tag_has_an_order_of_its_own(acme: Account) -> None:
    tag_contacts(acme, "VIP", ids(acme), by=ada())
    tag_contacts(acme, "Late", ids(acme)[:1], by=ada())
    renames(acme, "ann@x.example", "Yann")
    assert (wearers(acme, "Late"), wearers(acme)[1]) == (["Yann"], "Yann")
    late = Tag.named(acme.id, "Late")
    assert late
    assert untag_contacts(acme, late, ids(acme), by=ada()) == 1
    assert (wearers(acme, "Late"), len(wearers(acme))) == ([], 3)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("first", ["renamed", "tagged"])
def test_a_tag_put_on_while_somebody_is_renamed(acme: Account, app: Flask, first: str) -> None:
    everyone, tag_id = ids(acme), find_or_add(acme)

    def tags() -> None:
        with inside(app) as account:
            tag_contacts(account, "VIP", everyone, by=ada())

    def corrects() -> None:
        with inside(app) as account:
            renames(account, "ann@x.example", "Yann")

    if first == "renamed":
        db.session.execute(RENAMED)
    else:
        ContactTag.put_on(tag_id, everyone)
    other = threading.Thread(target=tags if first == "renamed" else corrects)
    other.start()
    wait_for(somebody_waits, what="the second to wait for the first")
    db.session.commit()
    other.join()
    assert wearers(account_at("acme")) == ["Bea Bell", "Yann", "Zoe"]


@atomic
def find_or_add(account: Account) -> int:
    return Tag.find_or_add(account.id, "VIP").id


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_whoever_holds_them_in_another_order_stops_nobody(acme: Account, app: Flask) -> None:
    first, *_, last = sorted(ids(acme))
    hold = text("SELECT 1 FROM contact WHERE id = :id FOR UPDATE")
    done: list[int] = []

    def tags() -> None:
        with inside(app) as account:
            done.append(tag_contacts(account, "VIP", [first, last], by=ada()))

    other = threading.Thread(target=tags)
    with db.engine.begin() as connection:
        connection.execute(text("SET LOCAL deadlock_timeout = '20s'"))  # the other gives way
        connection.execute(hold, {"id": last})
        other.start()
        wait_for(somebody_waits, what="the tag to wait")
        connection.execute(hold, {"id": first})
    other.join()
    assert done == [2]

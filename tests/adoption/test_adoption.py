"""Adoption: each number is what the list shows by the same filter, and no page counts for long."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from portal.db import atomic, db, now
from portal.models import Access, Account, PortalAccess, adoption, contact_list
from portal.models.adoption import Number
from portal.models.contact_criteria import Wanted
from portal.web.admin.adoption import shown
from tests.cast import Browser, Client, Staff
from tests.models.acme import account_at, add, inside, opened

STATUSES = {"not_invited": "none"}
STEPS = ("not_invited", "undelivered", "unopened", "opened", "joined", "dormant")


@atomic
def fill(account: Account, count: int) -> None:
    """Contacts who stand wherever one can."""
    dice = random.Random(7)
    contacts = add(account, *[(f"P{n}", f"p{n}@people.example") for n in range(count)])
    for contact in contacts:
        status = dice.choice([None, *Access])
        if status is None:
            continue
        access = PortalAccess.grant(contact)
        joined = status == Access.JOINED or dice.random() < 0.3
        access.status = status
        access.undelivered = dice.random() < 0.3
        access.opened_at = now() if dice.random() < 0.5 else None
        access.joined_at = now() if joined and status != Access.INVITED else None
        if access.joined_at:
            access.last_seen_at = now() - timedelta(days=dice.choice([1, 89, 91, 400]))


def by_filter(account: Account, step: str) -> int:
    wanted = Wanted(status=STATUSES.get(step, step))
    return len(contact_list.page(account, wanted, size=1000).lines)


@pytest.mark.usefixtures("collected")
def test_each_number_is_what_its_filter_finds(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(app)
    opened(app, slug="birch")
    with inside(app) as acme:
        fill(acme, 150)
        add(account_at("birch"), ("Wilma", "wilma@wood.example"))
        found = adoption.of(acme.id)._asdict()
        assert all(number.many for number in found.values()), found
        assert {step: number.many for step, number in found.items()} == {
            step: by_filter(acme, step) for step in STEPS
        }
        assert not any(number.bound for number in found.values())
        monkeypatch.setattr(adoption, "MOST", 4)
        bounded = adoption.of(acme.id)
        assert bounded.not_invited == Number(4, "least")
        assert bounded.dormant.bound == "least"
        kept = ("undelivered", "unopened", "opened", "joined")
        assert {name: getattr(bounded, name) for name in kept} == {
            name: found[name] for name in kept
        }, "which triggers keep, and nobody counts"
        assert adoption.of(account_at("birch").id).not_invited == Number(1)
    assert [shown(Number(1204, bound)) for bound in ("", "least")] == ["1,204", "1,204+"]


def test_opening_moves_people_on_and_programs_move_nobody(ada: Staff, carl: Client) -> None:
    def numbers() -> dict[str, int]:
        with ada.world.app.app_context():
            account = account_at("acme")
            return {step: n.many for step, n in adoption.of(account.id)._asdict().items()}

    ada.adds(carl.name, carl.email)
    assert numbers()["not_invited"] == 1
    ada.invites(carl.email)
    link = carl.letter().link
    assert numbers()["unopened"] == 1
    scanner = Browser(ada.world.app, "curl/8.0")
    scanner.opens(link)
    assert numbers()["unopened"] == 1, "a program is nobody"
    carl.opens(link).sees("Sign in")
    assert numbers() | {"opened": 1, "unopened": 0} == numbers()
    page = ada.at("adoption/").sees("did not sign in")
    assert page.soup.select_one("svg.funnel text") is not None
    page.follows("Opened").sees(carl.name)
    ada.at("adoption/").follows("Send it again").sees(carl.name, "Invite")
    edit = ada.page_of(carl.email).follows("Edit")
    edit.presses("Save", email="carl@new.example")
    assert numbers() | {"opened": 0, "unopened": 1} == numbers(), "nobody at the new address has"
    ada.page_of("carl@new.example").presses("Resend invite")
    carl.email = "carl@new.example"
    carl.signs_in()
    assert numbers() == dict.fromkeys(STEPS, 0) | {"joined": 1}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_number_reads_all_contacts(app: Flask) -> None:
    opened(app)
    said: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, sql: str, values: Any, *_more: Any) -> None:
        if "contact" in sql:
            said.append((sql, values))

    with inside(app) as acme:
        fill(acme, 30)
        event.listen(db.engine, "before_cursor_execute", keep)
        adoption.of(acme.id)
        event.remove(db.engine, "before_cursor_execute", keep)
        raw: Any = db.session.connection().connection.dbapi_connection
        for sql, values in said:
            plan = " ".join(step[3] for step in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values))
            assert "SEARCH contact USING" in plan, plan
            assert "ix_contact_" in plan, plan
            assert "TEMP B-TREE" not in plan, plan
        assert len(said) == 2, "one for each number that no trigger keeps"

"""Reminders: up to three, by day, once each, and none for whoever came, left or said no."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from portal.db import atomic, db, now
from portal.flows.invite import invite
from portal.flows.plan_reminders import plan_reminders
from portal.flows.remind import remind, remind_one
from portal.models import Account, Delivery, MagicLink, PortalAccess, Reminder
from portal.models.reminder_plan import Plan, in_daytime
from portal.sweep import Sweep
from tests.cast import Client, Staff
from tests.models.acme import account_at, add, at_once, inside, opened
from tests.models.acme import ada as ada_herself

FRIDAY = datetime(2026, 11, 20, 10, tzinfo=UTC)
ON = Plan(True, (3, 7, 14))


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    with time_machine.travel(moment, tick=True):
        yield


def turn_on(app: Flask, plan: Plan = ON) -> None:
    with app.app_context():
        plan_reminders(account_at("acme"), plan, by=ada_herself())


def sweeps(app: Flask, moment: datetime) -> None:
    with at(moment), app.app_context():
        Sweep({}).chores()


def test_who_does_not_come_is_reminded_three_times(ada: Staff, carl: Client) -> None:
    app = ada.world.app
    ada.at("adoption/").follows("Reminders: off").presses(
        "Save", is_on="y", first="3", second="7", third="14"
    ).sees("Saved.")
    with at(FRIDAY):
        ada.signs_in()
        ada.adds(carl.name, carl.email)
        ada.invites(carl.email)
        assert len(carl.letters()) == 1
        ada.page_of(carl.email).sees("0 sent, next 23 Nov 2026, 10:00")
    monday = FRIDAY + timedelta(days=3)
    for moment, letters in (
        (monday - timedelta(minutes=1), 1),
        (monday + timedelta(minutes=1), 2),
        (monday + timedelta(minutes=2), 2),
        (FRIDAY + timedelta(days=7, minutes=1), 3),
        (FRIDAY + timedelta(days=14, minutes=1), 4),
        (FRIDAY + timedelta(days=40), 4),
    ):
        sweeps(app, moment)
        with at(moment + timedelta(seconds=30)):
            assert len(carl.letters()) == letters, moment
    letter = carl.world.postman.last_to(carl.email)
    assert letter.message["Subject"] == "Reminder: Your invitation to the Acme client portal"
    with at(FRIDAY + timedelta(days=20)):
        assert carl.opens(letter.link).presses("Sign in").sees("Good")
        ada.signs_in()
        page = ada.page_of(carl.email).sees("3 sent, no more to come")
        page.sees("Reminder 1 of 3 queued for Carl Carter", "Reminder 3 of 3 queued")


def test_not_me_ends_it_without_a_sign_in_and_staff_read_it(ada: Staff, carl: Client) -> None:
    turn_on(ada.world.app)
    ada.invites(carl.email)
    page = carl.opens(carl.letter().link).follows("This is not for me")
    page.presses("This is not for me").sees("Thank you", "c•••@carter.example")
    carl.home().sees("Email me a sign-in link")
    ada.at().sees("says that it is not for them")
    ada.page_of(carl.email).sees("they say it is not for them")
    ada.page_of(carl.email).presses("Resend invite")
    with ada.world.app.app_context():
        assert not Reminder.due(now() + timedelta(days=99), 9), "a new one does not begin it anew"
    assert "Good" in carl.signs_in().words, "and yet nothing is locked"
    other = ada.generates_link(carl.email)
    stranger = carl.another_browser()
    handle = stranger.opens(other).url
    assert stranger.opens(f"{handle}/not-me").status == 410, "only invitations have it"


def ends(app: Flask, deed: Callable[[Account, int], Any]) -> str:
    with inside(app) as acme:
        contact = add(acme, ("Carl", "carl@carter.example"))[0]
        invite(acme, contact.email, by=ada_herself())
        assert Reminder.due(now() + timedelta(days=9), 9)
        atomic(deed)(acme, contact.id)
        found = Reminder.of(contact.id)
        assert not Reminder.due(now() + timedelta(days=99), 9)
        return found.ended if found else "gone"


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        (lambda _a, c: PortalAccess.join(c, now(), cut_family=False), "joined"),
        (lambda _a, c: PortalAccess.mark_delivery(c, undelivered=True), "undelivered"),
        (lambda _a, c: PortalAccess.change_status(c, "suspended", was=("invited",)), "suspended"),
        (lambda _a, c: PortalAccess.change_status(c, "revoked", was=("invited",)), "revoked"),
        (lambda _a, c: PortalAccess.end_everything(c), "cut"),
        (lambda _a, c: db.session.execute(db.text(f"DELETE FROM contact WHERE id = {c}")), "gone"),
    ],
    ids=["joined", "undelivered", "suspended", "revoked", "moved", "deleted"],
)
def test_whatever_ends_the_invitation_ends_it_at_once(app: Flask, deed: Any, why: str) -> None:
    opened(app)
    turn_on(app)
    assert ends(app, deed) == why


def test_two_workers_never_remind_twice(app: Flask) -> None:
    opened(app)
    turn_on(app)
    with inside(app) as acme:
        for n in range(5):
            invite(acme, f"p{n}@people.example", by=ada_herself())
        due_at = FRIDAY.replace(year=2027)
        db.session.query(Reminder).update({"due_at": due_at, "invited_at": FRIDAY})
        db.session.query(Delivery).update({"status": "sent"})
        db.session.commit()
        waiting = Reminder.due(due_at, 50)
        raw: Any = db.session.connection().connection.dbapi_connection
        if db.engine.dialect.name == "sqlite":
            plan = raw.execute(
                "EXPLAIN QUERY PLAN SELECT contact_id FROM reminder"
                " WHERE due_at IS NOT NULL AND due_at <= 1 ORDER BY due_at"
            )
            assert "ix_reminder_due_at" in plan.fetchone()[3]
    assert len(waiting) == 5

    def work() -> int:
        return sum(remind_one(due) for due in waiting)

    monday = datetime(2027, 11, 22, 10, tzinfo=UTC)
    with at(monday):
        assert sum(at_once(app, work, work, work)) == 5
        with app.app_context():
            assert remind() == 0
            assert not atomic(Reminder.take)(waiting[0], at=monday, next_at=None), "taken already"
    with inside(app):
        assert db.session.query(MagicLink).where(MagicLink.reminder == 1).count() == 5
        assert db.session.query(Delivery).count() == 10


def test_it_waits_for_the_message_and_heeds_a_plan_that_was_changed(app: Flask) -> None:
    opened(app)
    with inside(app) as acme:
        invite(acme, "early@people.example", by=ada_herself())
        assert not Reminder.due(now() + timedelta(days=99), 9), "off until somebody turns it on"
    turn_on(app)
    with at(FRIDAY), inside(app) as acme:
        invite(acme, "carl@carter.example", by=ada_herself())
    monday = FRIDAY + timedelta(days=3, minutes=1)
    sweeps(app, monday)
    with inside(app):
        (due,) = Reminder.due(monday + timedelta(days=1), 9)
        assert due.number == 0, "the invitation itself has not gone out"
        assert due.due_at > monday
        db.session.query(Delivery).update({"status": "sent"})
        db.session.commit()
    turn_on(app, Plan(True, (5,)))
    sweeps(app, monday + timedelta(hours=5))
    with inside(app):
        (due,) = Reminder.due(FRIDAY + timedelta(days=9), 9)
        assert timedelta() <= due.due_at - FRIDAY - timedelta(days=5) < timedelta(minutes=1)
    turn_on(app, Plan(False, (5,)))
    sweeps(app, FRIDAY + timedelta(days=5, minutes=1))
    with inside(app):
        assert not Reminder.due(FRIDAY + timedelta(days=99), 9)
        assert db.session.query(MagicLink).where(MagicLink.reminder > 0).count() == 0


@pytest.mark.parametrize(
    ("zone", "at_", "then"),
    [
        ("UTC", "2026-11-20 10:00", "2026-11-20 10:00"),
        ("UTC", "2026-11-20 08:59", "2026-11-20 09:00"),
        ("UTC", "2026-11-20 17:00", "2026-11-23 09:00"),
        ("UTC", "2026-11-21 12:00", "2026-11-23 09:00"),
        ("America/New_York", "2026-11-20 13:00", "2026-11-20 14:00"),
        ("Asia/Tokyo", "2026-11-19 23:00", "2026-11-20 00:00"),
        ("Europe/Berlin", "2026-03-28 12:00", "2026-03-30 07:00"),
    ],
)
def test_reminders_come_by_day(zone: str, at_: str, then: str) -> None:
    moment = datetime.fromisoformat(f"{at_}+00:00")
    assert in_daytime(moment, zone) == datetime.fromisoformat(f"{then}+00:00")


def test_what_was_late_leaves_a_day_between_two() -> None:
    late = FRIDAY + timedelta(days=6)
    assert ON.due("UTC", FRIDAY, 1, last_at=late + timedelta(hours=20)) > late + timedelta(days=1)
    assert ON.due("UTC", FRIDAY, 3) is None


def test_a_plan_has_bounds(ada: Staff) -> None:
    page = ada.at("reminders/")
    for days in (("7", "3", ""), ("3", "3", ""), ("0", "", ""), ("3", "99", ""), ("", "", "")):
        typed = dict(zip(("first", "second", "third"), days, strict=True))
        page.presses("Save", is_on="y", **typed).is_status(422)
    page.presses("Save", is_on="y", first="2", second="", third="").sees("Saved.")
    ada.at("adoption/").sees("Reminders: on day 2")

"""The overview's numbers, kept by triggers, are those that counting every row would give."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from portal.db import atomic, db, now
from portal.flows.sign_in import Browser, sign_in_by_link
from portal.models import (
    Access,
    Account,
    AccountTally,
    ClientSession,
    Contact,
    Kind,
    MagicLink,
    PortalAccess,
    RateCount,
    SignInDay,
)
from portal.models.account_tally import Tally
from tests.models.acme import account_at, add, at_once, inside, opened

STEPS = 120


def counted(account_id: int) -> Tally:
    rows = db.session.execute(
        db.select(PortalAccess.status, PortalAccess.undelivered, PortalAccess.opened_at).where(
            PortalAccess.account_id == account_id
        )
    ).all()
    invited = [row for row in rows if row.status == Access.INVITED]
    return Tally(
        invited=len(invited),
        joined=sum(row.status == Access.JOINED for row in rows),
        undelivered=sum(row.undelivered for row in rows),
        opened=sum(row.opened_at is not None and not row.undelivered for row in invited),
        unreached=sum(row.undelivered for row in invited),
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_tallies_are_exact_after_anything(app: Flask, seed: int) -> None:
    opened(app)
    opened(app, slug="birch")
    dice = random.Random(seed)
    with inside(app) as acme:
        birch = account_at("birch")
        contacts = add(acme, *[(f"P{n}", f"p{n}@people.example") for n in range(6)])
        contacts += add(birch, *[(f"P{n}", f"p{n}@people.example") for n in range(6)])
        for _step in range(STEPS):
            do(dice.choice(DEEDS), dice.choice(contacts).id)
        for account in (acme, birch):
            assert AccountTally.of(account.id) == counted(account.id)
        assert AccountTally.of(acme.id) != Tally(), "something did happen"
        delete(acme.id)
        assert AccountTally.of(acme.id) == Tally()
        assert AccountTally.of(birch.id) == counted(birch.id)


@atomic
def do(deed: Callable[[int], Any], contact_id: int) -> None:
    deed(contact_id)


def grant(contact_id: int) -> None:
    contact = db.session.get(Contact, contact_id)
    access = PortalAccess.of(contact_id)
    if contact and (access is None or access.is_open):
        PortalAccess.grant(contact)


def remove(contact_id: int) -> None:
    db.session.execute(db.delete(PortalAccess).where(PortalAccess.contact_id == contact_id))
    db.session.expire_all()


DEEDS: tuple[Callable[[int], Any], ...] = (
    grant,
    grant,
    grant,
    lambda contact_id: PortalAccess.join(contact_id, now(), cut_family=False),
    lambda contact_id: PortalAccess.mark_opened(db.session.connection(), {contact_id: now()}),
    lambda contact_id: PortalAccess.mark_delivery(contact_id, undelivered=True),
    lambda contact_id: PortalAccess.mark_delivery(contact_id, undelivered=False),
    lambda contact_id: PortalAccess.change_status(
        contact_id, Access.SUSPENDED, was=(Access.INVITED, Access.JOINED)
    ),
    lambda contact_id: PortalAccess.change_status(
        contact_id, Access.REVOKED, was=(Access.INVITED, Access.JOINED, Access.SUSPENDED)
    ),
    PortalAccess.restore,
    PortalAccess.end_everything,
    remove,
)


@atomic
def delete(account_id: int) -> None:
    db.session.execute(db.delete(PortalAccess).where(PortalAccess.account_id == account_id))


def test_a_deed_that_fails_counts_nothing(app: Flask) -> None:
    opened(app)
    with inside(app) as acme:
        (carl,) = add(acme, ("Carl", "carl@carter.example"))
        with pytest.raises(ZeroDivisionError):
            grant_and_fail(carl.id)
        assert AccountTally.of(acme.id) == Tally()


@atomic
def grant_and_fail(contact_id: int) -> None:
    grant(contact_id)
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("UTC", datetime(2026, 3, 1, 23, 30, tzinfo=UTC), date(2026, 3, 1)),
        ("Pacific/Auckland", datetime(2026, 3, 1, 11, 30, tzinfo=UTC), date(2026, 3, 2)),
        ("America/Los_Angeles", datetime(2026, 3, 1, 7, 59, tzinfo=UTC), date(2026, 2, 28)),
        ("America/Los_Angeles", datetime(2026, 3, 1, 8, 1, tzinfo=UTC), date(2026, 3, 1)),
        ("Asia/Kathmandu", datetime(2026, 3, 1, 18, 16, tzinfo=UTC), date(2026, 3, 2)),
    ],
)
def test_a_sign_in_counts_on_the_accounts_own_day(
    app: Flask, zone: str, at: datetime, day: date
) -> None:
    with time_machine.travel(at, tick=False):
        opened(app, time_zone=zone)
        with inside(app) as acme:
            (carl,) = add(acme, ("Carl", "carl@carter.example"))
            for _times in range(2):
                digest = issue(carl.id)
                assert sign_in_by_link(digest, b"n" * 32, Browser("Firefox"))
            days = SignInDay.last(acme.id, 30, today=day)
    assert len(days) == 30
    assert days[-1] == (day, 2)
    assert {count for _day, count in days[:-1]} == {0}
    assert [one for one, _count in days] == [day - timedelta(days=29 - n) for n in range(30)]


@atomic
def issue(contact_id: int) -> bytes:
    contact = db.session.get(Contact, contact_id)
    assert contact
    access = PortalAccess.grant(contact)
    return MagicLink.issue(contact, Kind.MAGIC, access, life=timedelta(minutes=5)).token_digest


def test_signing_out_does_not_take_the_sign_in_back(app: Flask) -> None:
    opened(app)
    with inside(app) as acme:
        (carl,) = add(acme, ("Carl", "carl@carter.example"))
        assert sign_in_by_link(issue(carl.id), b"n" * 32, Browser("Firefox"))
        today = now().date()
        end_all(carl.id)
        assert SignInDay.last(acme.id, 1, today=today) == [(today, 1)]


@atomic
def end_all(contact_id: int) -> None:
    ClientSession.end_all(contact_id)


@atomic
def hit(name: str) -> int:
    return RateCount.hit(name, timedelta(minutes=5))[0]


def test_every_hit_is_counted_once_however_many_come_at_once(app: Flask) -> None:
    found = at_once(app, *[lambda: [hit("door") for _ in range(10)]] * 6)
    assert sorted(count for counts in found for count in counts) == list(range(1, 61))


def test_tallies_are_exact_when_many_are_let_in_at_once(app: Flask) -> None:
    opened(app)
    with inside(app) as acme:
        ids = [one.id for one in add(acme, *[(f"P{n}", f"p{n}@people.example") for n in range(12)])]
    at_once(app, *[lambda one=one: do(grant, one) for one in ids])
    with inside(app) as acme:
        assert AccountTally.of(acme.id) == Tally(invited=12)


def test_a_count_is_kept_under_no_ones_name(app: Flask) -> None:
    with app.app_context():
        hit("ask:1:carl@carter.example")
        (key,) = db.session.scalars(db.select(RateCount.key))
        db.session.rollback()
    assert len(key) == 32
    assert b"carl" not in key


def test_an_account_without_clients_has_no_numbers(app: Flask) -> None:
    opened(app)
    with inside(app) as acme:
        assert isinstance(acme, Account)
        assert AccountTally.of(acme.id) == Tally(0, 0, 0)

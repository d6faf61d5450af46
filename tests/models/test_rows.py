"""Rows: times as they are stored, and races that one statement decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import Result
from sqlalchemy.exc import StatementError

from portal.db import after_commit, atomic, db, now, won
from portal.flows.open_account import open_account
from portal.models import Account, RateCount, Staff, StaffLink
from tests.models.acme import account_at, at_once, inside, opened

KATHMANDU = timezone(timedelta(hours=5, minutes=45))
TIMES = [
    datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC),
    datetime(2026, 3, 1, 10, 0, 0, 1, tzinfo=UTC),
    datetime(2026, 3, 1, 10, 0, 0, 500_000, tzinfo=UTC),
    datetime(2026, 3, 1, 10, 0, 1, tzinfo=UTC),
    datetime(2026, 3, 1, 15, 45, 2, tzinfo=KATHMANDU),
    datetime(9999, 1, 1, tzinfo=UTC),
]
LONG_AGO = datetime(1969, 7, 20, 20, 17, 40, 123_456, tzinfo=UTC)


@atomic
def store(at: datetime, key: bytes) -> None:
    db.session.add(RateCount(key=key, count=1, ends_at=at))


def test_times_come_back_as_they_were_and_in_their_order(app: Flask) -> None:
    with app.app_context():
        for n, at in enumerate([*reversed(TIMES), LONG_AGO]):
            store(at, bytes([n]))
        found = db.session.scalars(db.select(RateCount.ends_at).order_by(RateCount.ends_at)).all()
        assert list(found) == [LONG_AGO, *TIMES]
        assert {at.tzinfo for at in found} == {UTC}
        later = db.select(db.func.count()).where(RateCount.ends_at > TIMES[1])
        assert db.session.scalar(later) == 4
        db.session.rollback()


def test_a_naive_time_is_refused(app: Flask) -> None:
    with app.app_context(), pytest.raises(StatementError, match="naive time"):
        store(datetime(2026, 3, 1, 10, 0), b"x")


def test_sqlite_holds_times_as_numbers(app: Flask) -> None:
    with app.app_context():
        store(TIMES[2], b"x")
        raw = db.session.execute(db.text("SELECT ends_at FROM rate_count")).scalar_one()
        db.session.rollback()
        is_sqlite = db.engine.dialect.name == "sqlite"
    assert raw == (1_772_359_200_500_000 if is_sqlite else TIMES[2])


@atomic
def take(name: str, count: int) -> bool:
    found: Result[object] = db.session.execute(
        db.update(RateCount)
        .where(RateCount.key == name.encode(), RateCount.count == count)
        .values(count=count + 1)
    )
    return won(found)


def test_of_many_who_change_one_row_one_wins(app: Flask) -> None:
    with app.app_context():
        store(now(), b"door")
    for count in range(1, 4):
        assert sorted(at_once(app, *[lambda count=count: take("door", count)] * 6)) == [
            *[False] * 5,
            True,
        ]


@atomic
def use(token: str) -> int | None:
    return StaffLink.redeem(token)


@atomic
def issue(email: str) -> str:
    staff = Staff.by_email(email)
    assert staff
    return StaffLink.issue(staff)


def test_a_staff_link_lets_one_of_many_in(app: Flask) -> None:
    opened(app)
    with app.app_context():
        token = issue("ada@acme.example")
    found = at_once(app, *[lambda: use(token)] * 6)
    assert sum(one is not None for one in found) == 1


def open_twice(slug: str) -> str:
    try:
        open_account("Twin", slug=slug, owner_email=f"{now().timestamp()}@acme.example")
    except Exception as error:
        return type(error).__name__
    return "opened"


def test_a_slug_is_taken_once(app: Flask) -> None:
    found = at_once(app, *[lambda: open_twice("twin")] * 4)
    assert sorted(found) == [*["TakenError"] * 3, "opened"]
    with app.app_context():
        assert account_at("twin").name == "Twin"
        db.session.rollback()


def test_what_fails_leaves_nothing_and_wakes_nobody(app: Flask) -> None:
    opened(app)
    woken: list[str] = []

    @atomic
    def rename(*, fail: bool) -> None:
        account = account_at("acme")
        account.name = "Renamed"
        after_commit(lambda: woken.append("woken"))
        if fail:
            raise ZeroDivisionError

    with inside(app):
        with pytest.raises(ZeroDivisionError):
            rename(fail=True)
        db.session.expire_all()
        assert (account_at("acme").name, woken) == ("Acme", [])
        rename(fail=False)
        db.session.expire_all()
        assert (account_at("acme").name, woken) == ("Renamed", ["woken"])
        assert isinstance(account_at("acme"), Account)

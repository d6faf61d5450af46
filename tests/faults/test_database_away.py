"""The database is locked, full or gone for a while: what was sent is written, and sent once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import Value
from pathlib import Path
from typing import Any

import psutil
import pytest
import time_machine
from flask import Flask
from sqlalchemy.exc import InternalError

from portal import sweep
from portal.channel import SendRequest, Sent
from portal.db import db, now
from portal.flows.open_account import open_account
from portal.models import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.delivery import Delivery, Status
from tests.cast import World
from tests.delivery.conftest import works as works
from tests.delivery.provider import Provider, clients, deliveries, owe
from tests.servers import Postgres
from tests.wait import wait_for

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let another program hold the database."""
    lock = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    lock.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        lock.execute("ROLLBACK")
        lock.close()


@contextmanager
def no_room() -> Iterator[None]:
    """Let no child of this process write to a file any more."""
    children = psutil.Process().children(recursive=True)
    for limit in (0, psutil.RLIM_INFINITY):
        for child in children:
            child.rlimit(psutil.RLIMIT_FSIZE, (limit, psutil.RLIM_INFINITY))
        if not limit:
            yield


class Counting:
    """Counts its sends over all processes, and can be told to think."""

    def __init__(self) -> None:
        self.sends = Value("i", 0)
        self.may_answer = Value("b", True)

    def __call__(self, _request: SendRequest) -> Sent:
        with self.sends.get_lock():
            self.sends.value += 1
        while not self.may_answer.value:
            time.sleep(0.01)
        return Sent(reply="250 taken")


@SQLITE
def test_a_lock_that_outlasts_all_patience_repeats_nothing(
    make_world: Callable[..., World],
    works: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The provider has taken ten messages when something else locks the database."""
    monkeypatch.setattr("portal.db.BUSY_SECONDS", 0.2)
    world, does = make_world(), Counting()
    Provider.of(world.app, does)
    owe(world.app, *clients(10))
    does.may_answer.value = False
    works(world.app, processes=2)
    wait_for(lambda: does.sends.value > 0)
    with locked(tmp_path / "portal.db"):
        does.may_answer.value = True
        time.sleep(2)
        was_sent = does.sends.value
    assert 0 < was_sent <= 10
    wait_for(lambda: {one.status for one in deliveries(world.app)} == {Status.SENT}, within=20)
    assert does.sends.value == 10
    assert {one.attempts for one in deliveries(world.app)} == {1}


@SQLITE
def test_a_full_disk_is_waited_for(
    make_world: Callable[..., World], works: Callable[..., None], tmp_path: Path
) -> None:
    """Nothing can be written any more; then there is room again."""
    world, does = make_world(), Counting()
    Provider.of(world.app, does)
    owe(world.app, *clients(5))
    does.may_answer.value = False
    works(world.app, processes=1)
    wait_for(lambda: does.sends.value > 0)
    with no_room():
        does.may_answer.value = True
        time.sleep(1.5)
        assert Status.SENT not in {one.status for one in deliveries(world.app)}
    wait_for(lambda: {one.status for one in deliveries(world.app)} == {Status.SENT}, within=20)
    assert does.sends.value == 5


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_postgresql_that_goes_away_in_the_middle_of_sends_repeats_nothing(
    own_postgres: Postgres,
    make_app: Callable[..., Flask],
    works: Callable[..., None],
    migrated: Callable[[str], str],
) -> None:
    app, does = make_app(database_url=migrated(own_postgres.create("portal"))), Counting()
    with app.app_context():
        open_account("Acme", slug="acme", owner_email="ada@acme.example", owner_name="Ada")
    Provider.of(app, does)
    owe(app, *clients(10))
    does.may_answer.value = False
    works(app, processes=2)
    wait_for(lambda: does.sends.value > 0)
    with own_postgres.down():  # connections and all
        does.may_answer.value = True
        time.sleep(1)

    def all_sent() -> bool:
        with app.app_context():
            db.engine.dispose()
        return {one.status for one in deliveries(app)} == {Status.SENT}

    wait_for(all_sent, within=30)
    assert does.sends.value == 10


@pytest.mark.parametrize("hours", [25, -25])
def test_a_clock_that_jumps_loses_nothing(make_world: Callable[..., World], hours: int) -> None:
    """One row is with a worker that died, one waits for its turn, one is new; one is for later."""
    world = make_world()
    Provider.of(world.app)
    with time_machine.travel(now(), tick=False) as clock:
        held, waits, _fresh, later = owe(world.app, *clients(4))
        _change(
            world,
            held,
            status=Status.SENDING,
            attempts=1,
            lease_until=now() + timedelta(60 / 86400),
        )
        _change(world, waits, due_at=now() + timedelta(seconds=15), attempts=1)
        _change(world, later, due_at=now() + timedelta(days=3))
        with world.app.app_context():
            setting = ChannelSetting.find_or_add(1, "email")
            setting.paused_until, setting.paused_why = now() + timedelta(minutes=1), "failures"
            db.session.commit()
        clock.shift(timedelta(hours=hours))
        for _ in range(3):
            with world.app.app_context():
                sweep.Sweep({}).chores()
            world.worker.drains()
            clock.shift(timedelta(minutes=2))
    found = {one.id: one.status for one in deliveries(world.app)}
    assert found.pop(later) == (Status.SENT if hours < 0 else Status.QUEUED)
    assert set(found.values()) == {Status.SENT}


def _change(world: World, delivery_id: int, **values: Any) -> None:
    with world.app.app_context():
        db.session.execute(db.update(Delivery).where(Delivery.id == delivery_id).values(values))
        db.session.commit()


@pytest.fixture
def migrated() -> Callable[[str], str]:
    from tests.conftest import _migrate

    def migrate(url: str) -> str:
        _migrate(url)
        return url

    return migrate


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_process_that_stands_still_in_a_transaction_holds_nobody_up_for_long(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.db.IDLE_SECONDS", 0.2)
    app = make_app()
    with app.app_context():
        open_account("Acme", slug="acme", owner_email="ada@acme.example", owner_name="Ada")
        with db.engine.connect() as still, db.engine.connect() as other:
            still.exec_driver_sql("UPDATE account SET name = 'Acne'")
            other.exec_driver_sql("SET statement_timeout = '10s'")
            other.exec_driver_sql("UPDATE account SET name = 'Acme Ltd'")
            other.commit()
            with pytest.raises(InternalError, match="idle-in-transaction"):
                still.exec_driver_sql("SELECT 1")
        assert db.session.scalar(db.select(Account.name)) == "Acme Ltd"

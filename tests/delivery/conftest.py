"""What the delivery tests share: a clock to turn, and real worker processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from portal import worker as workers
from portal.db import db
from portal.flows.open_account import open_account
from tests.cast import Worker, World
from tests.postman import Postman


class Clock:
    """The time, which only ever goes on."""

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller

    def goes_on(self, **by: float) -> None:
        self._traveller.shift(timedelta(**by))

    def goes_to(self, at: datetime) -> None:
        self._traveller.move_to(at)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def clock() -> Iterator[Clock]:
    """A clock that stands still until the test turns it."""
    with time_machine.travel(datetime.now(UTC), tick=False) as traveller:
        yield Clock(traveller)


@pytest.fixture
def works() -> Iterator[Callable[..., None]]:
    """Start `portal worker`'s own processes for an app; they end with the test."""
    started: list[multiprocessing.process.BaseProcess] = []

    def start(app: Flask, *, processes: int = 1) -> None:
        def run() -> None:
            os.setpgid(0, 0)
            workers.run(app, processes)

        with app.app_context():  # what the child closes must not be ours
            db.engine.dispose()
        app.extensions["portal_queue"].huey.storage.close()
        process = multiprocessing.get_context("fork").Process(target=run)
        with warnings.catch_warnings():  # the mail server of the tests is a thread of this process
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        os.setpgid(process.pid, process.pid)  # whichever of the two is first
        started.append(process)

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)  # how it stops by itself is looked at elsewhere
        process.join(10)
        assert not process.is_alive()


@pytest.fixture
def make_world(make_app: Callable[..., Flask], postman: Postman) -> Callable[..., World]:
    """Make Acme and its people on an app of the test's own settings."""

    def make(**settings: object) -> World:
        app = make_app(**settings)
        with app.app_context():
            open_account("Acme", slug="acme", owner_email="ada@acme.example", owner_name="Ada")
        return World(app, postman, Worker(app))

    return make

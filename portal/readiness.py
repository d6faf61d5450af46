"""Tells whether this installation can do its work: its database, tables, queue and workers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from flask import Flask, current_app

from portal import queue, schema
from portal.db import alone
from portal.models import worker_sign
from portal.models.worker_sign import WorkerSign
from portal.probe import NoAnswerError, Probe

T = TypeVar("T")
PATIENCE_SECONDS = 1.0
FRESH_SECONDS = 1.0
"""An answer holds so long: whoever may ask the web server cannot make it ask others more often."""


@dataclass(frozen=True)
class Verdict:
    """Whether one thing is as it must be, and if not, why, in words that tell nothing private."""

    ok: bool
    why: str = ""


GOOD = Verdict(ok=True)
DATABASE_AWAY = Verdict(ok=False, why="The database does not answer.")
NOT_KNOWN = Verdict(ok=False, why="Not known while the database does not answer.")
OLD_TABLES = Verdict(ok=False, why="The tables are of another version. Run `portal migrate`.")
QUEUE_AWAY = Verdict(ok=False, why="The queue does not answer. Messages wait for the next sweep.")


class Readiness:
    """Asks for one process of the web server, however many want to know."""

    def __init__(self, app: Flask) -> None:
        self._database = Probe(_inside(app, look_at_database), fresh=FRESH_SECONDS)
        self._queue = Probe(_inside(app, look_at_queue), fresh=FRESH_SECONDS)

    def verdicts(self) -> dict[str, Verdict]:
        """Return what is ready and what is not, by name, within about a second."""
        until = time.monotonic() + PATIENCE_SECONDS
        in_queue, in_database = self._queue.start(), self._database.start()
        try:
            schema_found, worker_found = in_database.wait(until - time.monotonic())
            found = {"database": GOOD, "schema": schema_found, "worker": worker_found}
        except Exception:  # whatever it is, its text may name hosts
            found = {"database": DATABASE_AWAY, "schema": NOT_KNOWN, "worker": NOT_KNOWN}
        try:
            found["queue"] = in_queue.wait(until - time.monotonic())
        except NoAnswerError:
            found["queue"] = QUEUE_AWAY
        return found


def init_app(app: Flask) -> None:
    app.extensions["portal_readiness"] = Readiness(app)


def current() -> Readiness:
    return cast(Readiness, current_app.extensions["portal_readiness"])


def look_at_database() -> tuple[Verdict, Verdict]:
    """Return how its tables and the workers are. Raises when it does not answer."""
    if not schema.is_current(alone()):
        return OLD_TABLES, Verdict(
            ok=False, why="Not known while the tables are of another version."
        )
    seconds = worker_sign.silence().total_seconds()
    if not WorkerSign.alive():
        why = f"No worker has been seen for {seconds:.0f} seconds. Start `portal worker`."
        return GOOD, Verdict(ok=False, why=why)
    return GOOD, GOOD


def look_at_queue() -> Verdict:
    try:
        queue.current().size()
    except Exception:  # each queue has errors of its own
        return QUEUE_AWAY
    return GOOD


def _inside(app: Flask, question: Callable[[], T]) -> Callable[[], T]:
    def ask() -> T:
        with app.app_context():
            return question()

    return ask

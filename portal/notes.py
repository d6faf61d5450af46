"""Notes: lines written beside pages that only read, a moment later and several at once.

Nobody's page waits for them, and while links are opened at a great rate they cost one transaction
for many. A process that is killed may lose what it had noted in the last moment.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.util import Finalize
from typing import Any, TypeVar

from flask import Flask, current_app
from sqlalchemy.engine import Connection

from portal.db import aside, try_aside

Item = TypeVar("Item")
Write = Callable[[Connection, list[Any]], None]

GATHER_SECONDS = 0.2
TOGETHER = 100
"""In one transaction: it keeps other writers of SQLite waiting for some milliseconds."""
WAITING_AT_MOST = 5000

log = logging.getLogger(__name__)


def note(write: Callable[[Connection, list[Item]], None], item: Item) -> None:
    """Have *write* note *item* soon, with others of its kind, in a transaction that the request
    does not see.

    Where nobody gathers notes, as in a command, it is written before this returns.
    """
    gatherer: Notes | None = current_app.extensions.get("portal_notes")
    if gatherer is None:
        try_aside(partial(_append, notes=[(write, item)]))
    else:
        gatherer.add(write, item)


class Notes:
    """What one process has noted and not yet written. Make it after the process was forked."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._waiting: list[tuple[Write, Any]] = []
        self._is_there = threading.Event()
        self._writing = threading.Lock()
        app.extensions["portal_notes"] = self
        threading.Thread(target=self._run, name="notes", daemon=True).start()
        Finalize(self, self.write, exitpriority=0)

    def add(self, write: Write, item: Any) -> None:
        if len(self._waiting) < WAITING_AT_MOST:
            self._waiting.append((write, item))
            self._is_there.set()
        else:
            log.warning("A note is left out: %d wait for the database.", WAITING_AT_MOST)

    def write(self) -> None:
        """Write all that waits."""
        with self._writing, self._app.app_context():
            while self._waiting:
                some = self._waiting[:TOGETHER]
                _write(some)
                del self._waiting[: len(some)]

    def _run(self) -> None:
        while self._is_there.wait():
            threading.Event().wait(GATHER_SECONDS)
            self._is_there.clear()
            self.write()


def _write(notes: list[tuple[Write, Any]]) -> None:
    try:
        aside(partial(_append, notes=notes))
    except Exception:
        # One that cannot be written must not take the others with it, nor those to come.
        for one in notes:
            try:
                try_aside(partial(_append, notes=[one]))
            except Exception:
                log.exception("A note could not be written.")


def _append(connection: Connection, *, notes: list[tuple[Write, Any]]) -> None:
    kinds: dict[Write, list[Any]] = {}
    for write, item in notes:
        kinds.setdefault(write, []).append(item)
    for write, items in kinds.items():
        write(connection, items)

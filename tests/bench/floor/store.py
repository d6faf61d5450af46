"""SQLite by hand: a connection for each thread, as durable as the product's."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.floor.setting import DATABASE

_own = threading.local()


def connection() -> sqlite3.Connection:
    found: sqlite3.Connection | None = getattr(_own, "connection", None)
    if found is None:
        found = _own.connection = sqlite3.connect(DATABASE, timeout=15, isolation_level=None)
        found.execute("PRAGMA journal_mode=WAL")
        found.execute("PRAGMA synchronous=FULL")
        found.execute("PRAGMA foreign_keys=ON")
    return found


@contextmanager
def writing() -> Iterator[sqlite3.Connection]:
    """One transaction: on disk at the end of the block, or never."""
    found = connection()
    found.execute("BEGIN IMMEDIATE")
    try:
        yield found
    except BaseException:
        found.execute("ROLLBACK")
        raise
    found.execute("COMMIT")


def microseconds() -> int:
    return time.time_ns() // 1000

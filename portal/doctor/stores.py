"""What keeps state: the database, the keys, the queue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection

from portal import queue, schema
from portal.channel import Finding
from portal.config import Settings, settings
from portal.db import DatabaseAway, alone
from portal.doctor.place import space
from portal.errors import SettingsError
from portal.models import sealed_settings
from portal.outbox_report import many

SLOW_SECONDS = 0.5
OLDEST_POSTGRES = 130000
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


def database() -> Iterator[Finding]:
    """Look whether it answers, fits, and keeps what it was given."""
    began = time.monotonic()
    try:
        with alone().connect() as connection:
            connection.execute(text("SELECT 1"))
            took = time.monotonic() - began
            yield _answers("The database", took)
            yield from _of_kind(connection)
    except DatabaseAway as error:
        first, *_ = str(error.orig).splitlines() or [""]
        yield Finding("bad", "Database", f"It does not answer: {first} Check PORTAL_DATABASE_URL.")
        return
    if schema.is_current(alone()):
        yield Finding("good", "Tables", "They are those of this version.")
    else:
        yield Finding("bad", "Tables", "They are of another version:", record="portal migrate")


def _of_kind(connection: Connection) -> Iterator[Finding]:
    if connection.dialect.name == "sqlite":
        yield from _sqlite(connection)
    else:
        yield from _postgres(connection)


def _sqlite(connection: Connection) -> Iterator[Finding]:
    mode = connection.scalar(text("PRAGMA journal_mode"))
    if mode == "wal":
        yield Finding("good", "SQLite", "It writes ahead (WAL): readers and writers do not wait.")
    else:
        words = f"Its journal is {mode}, not wal: is it on a network disk? Use a local one."
        yield Finding("bad", "SQLite", words)
    folder = Path(connection.engine.url.database or "").parent
    if folder != settings().home:  # whose disk is looked at by itself
        yield space(folder)


def _postgres(connection: Connection) -> Iterator[Finding]:
    number = int(_shown(connection, "server_version_num"))
    version = _shown(connection, "server_version")
    if number < OLDEST_POSTGRES:
        yield Finding("bad", "PostgreSQL", f"Version {version} is too old. Use 13 or later.")
    else:
        yield Finding("good", "PostgreSQL", f"Version {version}.")
    off = [name for name in DURABLE if _shown(connection, name) == "off"]
    if off:
        words = f"{', '.join(off)} off: a power cut can lose what pages said was done. Turn it on."
        yield Finding("note", "Durability", words)


def _shown(connection: Connection, name: str) -> str:
    return str(connection.scalar(text(f"SHOW {name}")))


def keys(found: Settings) -> Iterator[Finding]:
    """Look where the keys are, and whether they open what was sealed with them."""
    yield Finding("good", "Keys", f"{len(found.secret_keys)} in use, the newest first.")
    in_file = (found.home / "secret_keys").exists()
    if in_file and not found.database_url.startswith("sqlite"):
        words = "Where several machines work together, set PORTAL_SECRET_KEYS alike on each."
        yield Finding("note", "Keys", words)
    yield from _sealed(sealed_settings.state())


def _sealed(state: sealed_settings.State) -> Iterator[Finding]:
    if state.unreadable:
        yield Finding(
            "bad",
            "Sealed settings",
            f"No key opens {many(state.unreadable, 'sealed setting')}. Put the old key back at "
            "the end of PORTAL_SECRET_KEYS, or have the accounts save them again.",
        )
    if state.old:
        yield Finding(
            "note",
            "Sealed settings",
            f"An older key is needed for {many(state.old, 'sealed setting')}. "
            "Before you take it away, seal them with the newest:",
            record="portal reseal",
        )
    if state.newest and not state.old and not state.unreadable:
        yield Finding("good", "Sealed settings", "The newest key opens all of them.")


def queues(found: Settings, complaint: str) -> Iterator[Finding]:
    """Look whether the queue answers; *complaint* says why it could not even be opened."""
    began = time.monotonic()
    try:
        if complaint:
            raise SettingsError(complaint)
        depth = queue.current().size()
    except Exception as error:  # each queue has errors of its own
        first, *_ = str(error).splitlines() or [type(error).__name__]
        words = f"{first} Messages wait for the sweep meanwhile. Check PORTAL_QUEUE_URL."
        yield Finding("bad", "Queue", words)
        return
    yield _answers("The queue", time.monotonic() - began)
    yield Finding("good", "Queue", f"{many(depth, 'wake')} waiting.")
    if found.queue_url.startswith("sqlite") and not found.database_url.startswith("sqlite"):
        words = "It is a file, so it wakes nobody on other machines: they wait for their sweep."
        yield Finding("note", "Queue", words)


def _answers(what: str, seconds: float) -> Finding:
    words = f"{what} answers in {seconds * 1000:.0f} ms."
    if seconds > SLOW_SECONDS:
        return Finding("note", "Reachable", f"{words} That is slow: every page waits for it.")
    return Finding("good", "Reachable", words)

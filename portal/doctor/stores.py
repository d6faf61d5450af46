"""What keeps state: database, keys, queue, and the workers and messages that are seen in it."""

from __future__ import annotations

import time
from collections import Counter
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
from portal.models.outbox_figures import Figures, figures
from portal.models.worker_sign import WorkerSign, silence
from portal.outbox_report import many, spell

SLOW_SECONDS = 0.5
OLDEST_POSTGRES = 130000
STUCK_SECONDS = 120
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
            f"No key opens {many(state.unreadable, 'channel setting')}. Put the old key back at "
            "the end of PORTAL_SECRET_KEYS, or have the accounts save them again.",
        )
    if state.old:
        yield Finding(
            "note",
            "Sealed settings",
            f"An older key is needed for {many(state.old, 'channel setting')}. "
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


def workers() -> Iterator[Finding]:
    """Look who has given a sign of life lately."""
    found = WorkerSign.alive()
    if not found:
        words = f"None has been seen for {spell(silence().total_seconds())}, so nothing is sent."
        yield Finding("bad", "Workers", f"{words} Start one:", record="portal worker")
        return
    processes = sum(seen.processes for seen in found)
    words = f"{many(len(found), 'worker')} with {many(processes, 'process')} in all."
    yield Finding("good", "Workers", words)
    versions = sorted({seen.version for seen in found})
    if len(versions) > 1:
        yield Finding(
            "note", "Versions", f"They are of versions {', '.join(versions)}. Upgrade all."
        )


def outbox() -> Iterator[Finding]:
    """Look whether messages go out."""
    found = figures()
    seconds = found.oldest_age.total_seconds()
    if seconds > STUCK_SECONDS:
        words = f"A message has been due for {spell(seconds)}. See the workers and their logs."
        yield Finding("bad", "Due messages", words)
    else:
        yield Finding("good", "Due messages", "None waits for longer than it should.")
    if found.failures:
        yield Finding("note", "Undelivered", _undelivered(found))
    for (channel, why), count in sorted(found.paused.items()):
        reason = "the provider does not accept us" if why == "sign_in" else "it kept failing"
        words = f"{channel} is paused for {many(count, 'account')}, because {reason}."
        yield Finding("note", "Paused channel", words)


def _undelivered(found: Figures) -> str:
    causes: Counter[str] = Counter()
    for (status, cause), count in found.failures.items():
        causes[cause or status] += count
    listed = ", ".join(f"{cause} {count:,}" for cause, count in causes.most_common(5))
    return f"In the last 24 hours: {listed}."


def _answers(what: str, seconds: float) -> Finding:
    words = f"{what} answers in {seconds * 1000:.0f} ms."
    if seconds > SLOW_SECONDS:
        return Finding("note", "Reachable", f"{words} That is slow: every page waits for it.")
    return Finding("good", "Reachable", words)

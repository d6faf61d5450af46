"""The queue: wakes workers with a row's id, and holds nothing else. Losing it loses nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, cast

from flask import Flask, current_app
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.serializer import SignedSerializer

from portal.errors import QueueDownError, SettingsError
from portal.keys import derive

log = logging.getLogger(__name__)
NAME = "portico"
PG_POLL_SECONDS = 1
"""A wake is heard at once; so long may an idle worker take to notice that it is to stop."""


class Queue:
    """Huey at one URL, with one task for each verb."""

    def __init__(self, url: str, key: bytes) -> None:
        self.huey = connect(url, key)
        self.verbs: dict[str, Any] = {}

    def on(self, verb: str, action: Callable[[int], None]) -> None:
        """Run *action* in a worker for each `wake(verb, id)`."""
        self.verbs[verb] = self.huey.task(name=verb)(action)

    def wake(self, verb: str, row_id: int) -> None:
        """Raises QueueDownError; the row stays due, so the sweep does the work later."""
        try:
            self.verbs[verb](row_id)
        except Exception as error:
            raise QueueDownError(f"The queue does not answer: {error}") from error

    def size(self) -> int:
        return cast(int, self.huey.pending_count())

    def is_empty(self) -> bool:
        """Tell whether nobody waits for a worker; where the queue is down, somebody may."""
        try:
            return self.size() == 0
        except Exception:
            return False


def connect(url: str, key: bytes) -> Huey:
    """Open the queue at *url*; messages are signed, because they are unpickled."""
    common: dict[str, Any] = {
        "name": NAME,
        "results": False,
        "serializer": SignedSerializer(secret=key.hex()),
    }
    if url.startswith("sqlite:///"):
        return SqliteHuey(
            filename=url.removeprefix("sqlite:///"), fsync=False, timeout=5, cache_mb=1, **common
        )
    if url.startswith("postgresql://"):
        return PostgresHuey(dsn=url, read_timeout=PG_POLL_SECONDS, **common)
    return RedisHuey(url=url, **common)


def init_app(app: Flask, url: str, secret_keys: tuple[str, ...]) -> Queue:
    try:
        queue = _opened(url, derive("queue", secret_keys)[0])
    except Exception as error:
        first, *_ = str(error).splitlines() or [type(error).__name__]
        raise SettingsError(f"PORTAL_QUEUE_URL: the queue cannot be opened: {first}") from error
    app.extensions["portal_queue"] = queue
    return queue


def _opened(url: str, key: bytes) -> Queue:
    """Open the queue. Two processes that make its tables in PostgreSQL at once collide in the
    catalogue, whatever IF NOT EXISTS says: whoever loses finds them made a moment later."""
    try:
        return Queue(url, key)
    except Exception:
        return Queue(url, key)


def current() -> Queue:
    return cast(Queue, current_app.extensions["portal_queue"])


def wake(verb: str, row_id: int) -> None:
    """Wake a worker for a committed row. A queue that is down delays it to the next sweep."""
    try:
        current().wake(verb, row_id)
    except QueueDownError as error:
        log.warning("%s The sweep will take %s %s up.", error, verb, row_id)

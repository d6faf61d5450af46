"""The library, imported when it is first used, and what is said about it while it works."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from portal_apprise.lines import guard_connections

MOST_HEARD = 50

_heard: ContextVar[list[logging.LogRecord] | None] = ContextVar("heard", default=None)
_turn = threading.Lock()
_modules: list[Any] = []


def library() -> Any:
    """Return the `apprise` module. With its services it takes half a second and 25 MB, which a
    process that sends no such message never pays."""
    with _turn:
        if not _modules:
            _keep_quiet()
            found = _imported()
            guard_connections()
            _modules.append(found)
        return _modules[0]


def _imported() -> Any:
    """Import the library with all its services, so that nothing is left for the first message.

    A few of them warn of what Python will drop: nothing that anybody here could mend.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = import_module("apprise")
        list(found.plugins.N_MGR.schemas())
    return found


@contextmanager
def heard() -> Iterator[list[logging.LogRecord]]:
    """Collect what the library logs inside the block: only there does it say why it failed."""
    records: list[logging.LogRecord] = []
    token = _heard.set(records)
    try:
        yield records
    finally:
        _heard.reset(token)


class _Ear(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        records = _heard.get()
        if records is not None and len(records) < MOST_HEARD:
            records.append(record)


def _keep_quiet() -> None:
    """Keep what the library logs to ourselves: its lines hold addresses, and those hold tokens."""
    log = logging.getLogger("apprise")
    log.propagate = False
    log.setLevel(logging.DEBUG)
    log.addHandler(_Ear())
    logging.getLogger("urllib3.connectionpool").addFilter(lambda _: _heard.get() is None)

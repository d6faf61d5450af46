"""Hears all that a channel says: in logs, on its output, in errors."""

from __future__ import annotations

import io
import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout

from portal.channel import ChannelError


@contextmanager
def heard(said: list[str]) -> Iterator[None]:
    """Keep all that is logged, on every level, and printed."""
    printed = io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(_logged(said))
        stack.enter_context(_without_proxies())
        stack.enter_context(redirect_stdout(printed))
        stack.enter_context(redirect_stderr(printed))
        yield
    said.append(printed.getvalue())


def told(error: BaseException) -> str:
    """Return all the words of *error*, as staff or a log would see them."""
    words = [*traceback.format_exception_only(error)]
    if isinstance(error, ChannelError):
        words += [error.reason, error.reply]
    return "\n".join(words)


@contextmanager
def _logged(said: list[str]) -> Iterator[None]:
    handler, root = _Kept(said), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@contextmanager
def _without_proxies() -> Iterator[None]:
    """Calls to this machine go straight there, whatever proxy the author's machine has."""
    kept = {name: os.environ.get(name) for name in ("no_proxy", "NO_PROXY")}
    os.environ.update(dict.fromkeys(kept, "127.0.0.1,localhost"))
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


class _Kept(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(logging.Formatter().format(record))

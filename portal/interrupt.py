"""Cuts short what takes too long: a provider's call, a plugin's hook."""

from __future__ import annotations

import faulthandler
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AGAIN_SECONDS = 2.0
"""Between two interruptions of code that catches the first one and goes on."""
SLACK_SECONDS = 2.0


@contextmanager
def at_most(seconds: float, error: Callable[[], BaseException]) -> Iterator[None]:
    """Raise what *error* makes inside the block after *seconds*, and again every two seconds.

    Only the main thread of a process can be interrupted (by SIGALRM); in another thread this does
    nothing. Blocks may stand in one another: the outer one's time goes on meanwhile.
    """
    if not is_possible():
        yield
        return
    is_over = False

    def interrupt(_number: int, _frame: object) -> None:
        if not is_over:
            raise error()

    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, interrupt)
    left, again = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        try:
            yield
        finally:
            # Interrupted on this very line, the outer `finally` still stops the clock.
            is_over = True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            rest = left - (time.monotonic() - began)
            signal.setitimer(signal.ITIMER_REAL, max(rest, 0.001), again)


@contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """End the process when the block still runs after *seconds*, with a traceback in the log.

    For what `at_most` cannot interrupt: code in C that never comes back. The clock is a thread of
    the interpreter's own, which needs nothing from the code that hangs.
    """
    if sys.__stderr__ is None or not is_possible():
        yield
        return
    _watch.wind(seconds)
    try:
        yield
    finally:
        if not _watch.is_kept:
            _watch.stop()


@contextmanager
def one_watch() -> Iterator[None]:
    """Let the many short `ended_after` inside share one clock, which then ends a process up to
    two seconds later: starting and stopping a thread for each costs more than a send."""
    if not is_possible():
        yield
        return
    _watch.is_kept = True
    try:
        yield
    finally:
        _watch.is_kept = False
        _watch.stop()


class _Watch:
    """The clock of `ended_after`."""

    is_kept = False
    _until = 0.0

    def wind(self, seconds: float) -> None:
        """Have at least *seconds* left, and not much more."""
        left = self._until - time.monotonic()
        if self.is_kept and seconds <= left <= seconds + SLACK_SECONDS:
            return
        given = seconds + (SLACK_SECONDS if self.is_kept else 0)
        faulthandler.dump_traceback_later(given, exit=True, file=sys.__stderr__ or sys.stderr)
        self._until = time.monotonic() + given

    def stop(self) -> None:
        if self._until:
            faulthandler.cancel_dump_traceback_later()
            self._until = 0.0


_watch = _Watch()


def is_possible() -> bool:
    """Tell whether code of this thread can be interrupted."""
    return threading.current_thread() is threading.main_thread()

"""Calls what plugins wrote: whatever it does, the caller gets an answer and goes on."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from portal.interrupt import at_most, is_possible
from portal.plugins.faults import NOBODY, About, Fault, TooSlowError, fault_of

__all__ = ["About", "Fault", "Guard", "TooSlowError"]
T = TypeVar("T")
# A form or an address may be the first that a plugin is asked for: its library is read in then.
FIRST_ASKED = {"SettingsForm": 5.0, "normalise_address": 5.0}
# A page waits for what a synchronous channel shows, which it does by `send`.
LIMITS = {"portal_before_send": 5.0, "portal_event": 10.0, "send": 10.0, **FIRST_ASKED}
USUAL_LIMIT = 2.0
"""Seconds that one call of a hook may take."""
STRIKES = 3
REST_SECONDS = 60.0
"""A hook that was too slow so many times in a row is left alone for so long."""


class Guard:
    """Stands between the portal and the hooks of one process."""

    def __init__(self, report: Callable[[Fault], None]) -> None:
        self._report = report
        self._slow: dict[tuple[str, str], int] = {}
        self._rests_until: dict[tuple[str, str], float] = {}

    def call(
        self,
        plugin: str,
        hook: str,
        act: Callable[[], T],
        otherwise: T,
        about: About = NOBODY,
    ) -> T:
        """Return what *act* answers, or *otherwise* when it raises, exits or takes too long."""
        key = plugin, hook
        if self.rests(plugin, hook):
            return otherwise
        try:
            answer = _within(LIMITS.get(hook, USUAL_LIMIT), act)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if isinstance(error, TooSlowError):
                self._strike(key, error)
            self._report(fault_of(plugin, hook, error, about))
            return otherwise
        self._slow.pop(key, None)
        return answer

    def rests(self, plugin: str, hook: str) -> bool:
        """Tell whether the hook is left alone for now, because it was too slow."""
        return time.monotonic() < self._rests_until.get((plugin, hook), 0)

    def _strike(self, key: tuple[str, str], error: TooSlowError) -> None:
        """Let a slow hook rest. One that could not be interrupted still holds a thread, so it is
        not called again in this process."""
        if error.stack:
            self._rests_until[key] = float("inf")
            return
        self._slow[key] = self._slow.get(key, 0) + 1
        if self._slow[key] >= STRIKES:
            self._rests_until[key] = time.monotonic() + REST_SECONDS


def _within(seconds: float, act: Callable[[], T]) -> T:
    if is_possible():
        with at_most(seconds, lambda: TooSlowError(seconds)):
            return act()
    return _in_thread(seconds, act)


def _in_thread(seconds: float, act: Callable[[], T]) -> T:
    """Call *act* in a thread of its own: a web thread cannot be interrupted, but it can stop
    waiting. What hangs there stays until the process ends."""
    answers: list[T] = []
    failures: list[BaseException] = []
    context = copy_context()

    def run() -> None:
        try:
            answers.append(context.run(act))
        except BaseException as error:  # carried over to the one who waits
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True, name="portal-hook")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        frame = sys._current_frames().get(thread.ident or 0)
        stack = "".join(traceback.format_stack(frame, limit=20)) if frame else "(unknown)"
        raise TooSlowError(seconds, stack)
    if failures:
        raise failures[0]
    return answers[0]

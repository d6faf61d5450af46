"""Calls what plugins wrote: whatever it does, the caller gets an answer and goes on."""

from __future__ import annotations

import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

from portal.interrupt import at_most, is_possible

T = TypeVar("T")
LIMITS = {"portal_before_send": 5.0, "portal_event": 10.0}
USUAL_LIMIT = 2.0
"""Seconds that one call of a hook may take."""
STRIKES = 3
REST_SECONDS = 60.0
"""A hook that was too slow so many times in a row is left alone for so long."""
LONGEST_WORDS, LONGEST_TRACEBACK = 500, 8000
_LINK = re.compile(r"https?://[^\s\"'<>]*/l/[A-Za-z0-9_-]{22,24}")
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_-])(?=[a-z_]*[A-Z0-9-])[A-Za-z0-9_-]{22}[A-Za-z0-9]{2}(?![\w-])"
)
_SHORTEST_SECRET = 4


@dataclass(frozen=True)
class Fault:
    """A plugin's failure, without links or secrets. *account_id* is whose work it was, if known."""

    plugin: str
    hook: str
    words: str
    traceback: str
    account_id: int | None = None


@dataclass(frozen=True)
class About:
    """For whom a hook is called, and what must not stand in the report when it fails."""

    account_id: int | None = None
    secrets: tuple[str, ...] = ()


NOBODY = About()


class TooSlowError(Exception):
    """A hook took longer than it may. *stack* is where it was, when it still runs."""

    def __init__(self, seconds: float, stack: str = "") -> None:
        super().__init__(f"It did not answer within {seconds:g} seconds.")
        self.stack = stack


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
        if time.monotonic() < self._rests_until.get(key, 0):
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

    def _strike(self, key: tuple[str, str], error: TooSlowError) -> None:
        """Let a slow hook rest. One that could not be interrupted still holds a thread, so it is
        not called again in this process."""
        if error.stack:
            self._rests_until[key] = float("inf")
            return
        self._slow[key] = self._slow.get(key, 0) + 1
        if self._slow[key] >= STRIKES:
            self._rests_until[key] = time.monotonic() + REST_SECONDS


def fault_of(plugin: str, hook: str, error: BaseException, about: About) -> Fault:
    """Describe *error* without the links, tokens and secrets that its words may hold."""
    # Neither str() nor repr() of a stranger's exception is sure to work; these are.
    words = traceback.format_exception_only(error)[-1].strip()
    told = "".join(traceback.format_exception(error, limit=-20))
    if isinstance(error, TooSlowError):
        words, told = str(error), error.stack or told
    return Fault(
        plugin,
        hook,
        without_secrets(words, about.secrets)[:LONGEST_WORDS],
        without_secrets(told, about.secrets)[-LONGEST_TRACEBACK:],
        about.account_id,
    )


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Return *text* with every link, every token and each of *secrets* replaced by `…`."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "…")
    return _TOKEN.sub("…", _LINK.sub("…", text))


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

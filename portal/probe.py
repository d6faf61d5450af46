"""Asks what may hang, such as a server that is away, and waits only so long for the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
GIVEN_UP_AFTER = 10.0
"""Seconds after which a question that still hangs is put once more."""
HANGING_AT_MOST = 3
"""Threads that one probe may leave hanging."""


class NoAnswerError(Exception):
    """It did not answer in time."""


class Probe(Generic[T]):
    """One question, put by one thread at a time however many want to know, and the last answer.

    An answer is handed out again for *fresh* seconds: whoever may ask us at will cannot make us
    ask others at will.
    """

    def __init__(self, question: Callable[[], T], *, fresh: float = 0.0) -> None:
        self._question, self._fresh = question, fresh
        self._lock = threading.Lock()
        self._asked: list[_Asked[T]] = []

    def start(self) -> _Asked[T]:
        """Begin to ask, unless somebody just has; `wait` on what is returned."""
        with self._lock:
            at = time.monotonic()
            self._asked = [one for one in self._asked if one.is_of_use(at, self._fresh)]
            latest = self._asked[-1] if self._asked else None
            if latest is None or (
                latest.ended_at is None
                and at - latest.began_at > GIVEN_UP_AFTER
                and len(self._asked) < HANGING_AT_MOST
            ):
                latest = _Asked(self._question, at)
                self._asked.append(latest)
            return latest

    def ask(self, seconds: float) -> T:
        """Return the answer, or raise what the question raised.

        Raises NoAnswerError after *seconds*.
        """
        return self.start().wait(seconds)


def ask(question: Callable[[], T], seconds: float) -> T:
    """Put *question* once, in a thread of its own. Raises NoAnswerError after *seconds*."""
    return Probe(question).ask(seconds)


class _Asked(Generic[T]):
    def __init__(self, question: Callable[[], T], at: float) -> None:
        self.began_at, self.ended_at = at, None
        self._question = question
        self._answer: list[T] = []
        self._error: Exception | None = None
        self._over = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="portal-probe").start()

    ended_at: float | None

    def is_of_use(self, at: float, fresh: float) -> bool:
        return self.ended_at is None or at - self.ended_at < fresh

    def wait(self, seconds: float) -> T:
        if not self._over.wait(max(seconds, 0)):
            raise NoAnswerError
        if self._error is not None:
            raise self._error
        return self._answer[0]

    def _run(self) -> None:
        try:
            self._answer.append(self._question())
        except Exception as error:  # it is raised again where somebody waits
            self._error = error
        self.ended_at = time.monotonic()
        self._over.set()

"""Keeps a few lines open, each for one server and user, and never one for two at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

MOST_KEPT = 8  # idle lines of one process: for the servers that it used last


class Line(Protocol):
    """What a pool keeps."""

    @property
    def is_idle(self) -> bool:
        """Tell whether it has rested for too long."""

    def close(self) -> None:
        """End it politely."""

    def abandon(self) -> None:
        """End it without a word."""


K = TypeVar("K")
L = TypeVar("L", bound=Line)


class Pool(Generic[K, L]):
    """Lends out lines by *K*, which names server, user and password together.

    So no account's messages or password ever travel on another account's line. A line that is
    lent is nobody else's; of those that rest, the ones used last are kept.
    """

    def __init__(self, open_line: Callable[[K], L]) -> None:
        self._open = open_line
        self._resting: list[tuple[K, L]] = []  # used last, last
        self._begin()

    @contextmanager
    def lend(self, key: K) -> Iterator[L]:
        """Lend the line used last for *key*, or a new one."""
        line = self._take(key)
        try:
            yield line
        finally:
            self._give_back(key, line)

    def close(self) -> None:
        """Close the lines that nobody uses at the moment."""
        self._mind_the_fork()
        with self._turn:
            rested, self._resting = self._resting, []
        for _, line in rested:
            line.close()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._turn = threading.Lock()

    def _mind_the_fork(self) -> None:
        """A child never speaks on its parent's lines."""
        if self._pid != os.getpid():
            inherited, self._resting = self._resting, []
            self._begin()
            for _, line in inherited:
                line.abandon()

    def _take(self, key: K) -> L:
        self._mind_the_fork()
        with self._turn:
            for place in range(len(self._resting) - 1, -1, -1):
                if self._resting[place][0] == key:
                    return self._resting.pop(place)[1]
        return self._open(key)

    def _give_back(self, key: K, line: L) -> None:
        with self._turn:
            self._resting.append((key, line))
            first = self._resting[0][1]
            too_many = len(self._resting) > MOST_KEPT or (first is not line and first.is_idle)
            out = self._resting.pop(0)[1] if too_many else None
        if out is not None:
            out.close()

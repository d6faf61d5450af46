"""Lanes: which worker of this machine sends what, in memory that its processes share.

A hint and nothing more: the outbox is the truth. It keeps one slow provider from taking all
workers, and tells the parent what a worker held that died.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import blake2b
from multiprocessing.sharedctypes import RawArray
from typing import Any, NamedTuple

BATCH = 20
PROMPT_SECONDS = 1.0
"""A lane whose last send took less may have all workers."""
_PACES = 1024


class _Slot(ctypes.Structure):
    _fields_ = (
        ("lane", ctypes.c_uint64),
        ("since", ctypes.c_double),
        ("size", ctypes.c_int),
        ("at", ctypes.c_int),
        ("deliveries", ctypes.c_longlong * BATCH),
        ("attempts", ctypes.c_int * BATCH),
        ("were_sent", ctypes.c_bool * BATCH),
    )


class Left(NamedTuple):
    """What a worker held when it died: (delivery, attempt) pairs."""

    sent: list[tuple[int, int]]
    under_way: tuple[int, int] | None
    others: list[tuple[int, int]]


class Lanes:
    """A slot for each worker, and how prompt each lane was. Made before the workers are forked.

    *spares* more slots are for workers that stand in while all others wait for providers.
    """

    def __init__(self, workers: int, spares: int = 0) -> None:
        self._slots: Any = RawArray(_Slot, workers + spares)
        self._paces: Any = RawArray(ctypes.c_float, _PACES)
        self.workers = workers

    def enter(self, worker: int, lane: int) -> bool:
        """Take *lane* for *worker*; refuse it when only one worker would be left for everybody
        else. Slow lanes share all workers but one; a lane that nobody knows yet has that to itself,
        so that a newcomer need not wait for those that hang."""
        slot = self._slots[worker]
        slot.size, slot.lane, slot.since = 0, lane, time.monotonic()
        if self.is_prompt(lane) or worker == 0 == self.workers - 1:
            return True
        # First taken, then counted: of two at once at least one sees both and steps back.
        is_slow = self._paces[lane % _PACES] > 0
        held = (one.lane for one in self._slots if one.lane)
        if is_slow:
            others = sum(1 for one in held if not self.is_prompt(one))
        else:
            others = sum(1 for one in held if one == lane)
        if others <= max(self.workers - 1, 1):
            return True
        slot.lane = 0
        return False

    def leave(self, worker: int) -> None:
        slot = self._slots[worker]
        slot.size, slot.lane = 0, 0

    def hold(self, worker: int, held: Sequence[tuple[int, int]]) -> None:
        """Note the (delivery, attempt) pairs that *worker* has taken."""
        slot = self._slots[worker]
        slot.at = -1
        for place, (delivery_id, attempt) in enumerate(held):
            slot.deliveries[place], slot.attempts[place] = delivery_id, attempt
            slot.were_sent[place] = False
        slot.size = len(held)

    def forget(self, worker: int, places: Iterable[int]) -> None:
        """Note that what *worker* had taken at *places* is not its own any more."""
        slot = self._slots[worker]
        for place in places:
            slot.deliveries[place] = 0
        slot.at = -1

    def begin(self, worker: int, place: int) -> None:
        """Note that the send at *place* of what was taken is under way."""
        slot = self._slots[worker]
        slot.at, slot.since = place, time.monotonic()

    def end(self, worker: int, place: int, *, was_sent: bool, seconds: float) -> None:
        """Note how the send at *place* went, and how long it took."""
        slot = self._slots[worker]
        slot.were_sent[place], slot.at = was_sent, -1
        self._paces[slot.lane % _PACES] = max(seconds, 1e-6)

    def is_prompt(self, lane: int) -> bool:
        """Tell whether the last send was quick and none has been under way for longer."""
        if not 0 < self._paces[lane % _PACES] < PROMPT_SECONDS:
            return False
        return not any(one.lane == lane and _waits(one) for one in self._slots)

    def all_wait(self, workers: Iterable[int]) -> bool:
        """Tell whether each of *workers* has waited for a provider for a while."""
        return all(_waits(self._slots[worker]) for worker in workers)

    def left_by(self, worker: int) -> Left:
        """Return what a dead worker held, and forget it."""
        slot = self._slots[worker]
        left = Left([], None, [])
        for place in range(slot.size):
            held = (slot.deliveries[place], slot.attempts[place])
            if not held[0]:
                continue
            if place == slot.at:
                left = left._replace(under_way=held)
            else:
                (left.sent if slot.were_sent[place] else left.others).append(held)
        self.leave(worker)
        return left


class Seat(NamedTuple):
    """A worker's place among the workers of its machine."""

    lanes: Lanes
    number: int
    is_stopping: Callable[[], bool] = bool
    """Tells whether the worker is to end; it then takes up nothing more."""


@cache
def alone() -> Seat:
    """Return the seat of a process that is no worker among others."""
    return Seat(Lanes(1), 0)


def _waits(slot: Any) -> bool:
    return bool(slot.lane) and time.monotonic() - slot.since > PROMPT_SECONDS


def lane_of(account_id: int, channel: str) -> int:
    """Return the lane's number. Accounts without settings of their own share one (account 0)."""
    name = f"{account_id} {channel}".encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big") or 1

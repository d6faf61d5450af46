"""Lanes: which worker of this machine sends what, in memory that its processes share.

A hint and nothing more: the outbox is the truth. It keeps one slow provider from taking all
workers, and tells what a worker held that died: to its parent, and when all of them died at once,
to whoever is started next.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import blake2b
from mmap import mmap
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from typing import Any, NamedTuple

BATCH = 20
PROMPT_SECONDS = 1.0
"""A lane whose last send took less may have all workers."""
_PACES = 1024
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MOST_FILES = 64


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

    *spares* more slots are for workers that stand in while all others wait for providers. With a
    *folder* they outlive all processes: `left_behind` is what those held that were killed with
    their parent. *database* says whose deliveries they are.
    """

    def __init__(
        self, workers: int, spares: int = 0, *, folder: Path | None = None, database: str = ""
    ) -> None:
        self.left_behind: list[Left] = []
        memory = self._kept(folder, database, workers + spares) if folder else None
        self._slots: Any = memory or RawArray(_Slot, workers + spares)
        self._paces: Any = RawArray(ctypes.c_float, _PACES)
        self.workers = workers

    def _kept(self, folder: Path, database: str, count: int) -> Any:
        """Return slots in a file that no living process holds, after reading what stands there."""
        file, mark = _free_file(folder), _mark(database)
        if file is None or not mark:
            return None
        self._file = file  # as long as one of our processes has it open, it is nobody else's
        found = os.pread(file, 1 << 20, 0)
        if found.startswith(mark):
            old = found[len(mark) :]
            slots = (_Slot * (len(old) // ctypes.sizeof(_Slot))).from_buffer_copy(old)
            self.left_behind = [left for left in map(_left_in, slots) if any(left)]
        os.ftruncate(file, 0)
        size = len(mark) + count * ctypes.sizeof(_Slot)
        os.ftruncate(file, size)
        os.pwrite(file, mark, 0)
        return (_Slot * count).from_buffer(mmap(file, size), len(mark))

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
        slot.size, slot.at = 0, -1  # killed in between, it must not seem to have sent these
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
        left = _left_in(self._slots[worker])
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


def _left_in(slot: Any) -> Left:
    left = Left([], None, [])
    for place in range(slot.size):
        held = (slot.deliveries[place], slot.attempts[place])
        if not held[0]:
            continue
        if place == slot.at:
            left = left._replace(under_way=held)
        else:
            (left.sent if slot.were_sent[place] else left.others).append(held)
    return left


def _free_file(folder: Path) -> int | None:
    """Open and lock the first file of *folder* that no living process holds, or whose processes
    have all ended: the lock is theirs in common, and goes with the last of them."""
    for number in range(_MOST_FILES):
        file = os.open(folder / f"lanes-{number}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
        else:
            return file
    return None


def _mark(database: str) -> bytes:
    """Return what a file begins with that can be believed: of this boot, for after a power cut it
    may hold anything; of this database, and laid out as we do. Empty where boots have no name."""
    if not _BOOT.exists():
        return b""
    facts = f"{_BOOT.read_text()} {database} {ctypes.sizeof(_Slot)}"
    return b"lanes 1 " + blake2b(facts.encode(), digest_size=24).digest()


def _waits(slot: Any) -> bool:
    return bool(slot.lane) and time.monotonic() - slot.since > PROMPT_SECONDS


def lane_of(account_id: int, channel: str) -> int:
    """Return the lane's number. Accounts without settings of their own share one (account 0)."""
    name = f"{account_id} {channel}".encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big") or 1

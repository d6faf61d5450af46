"""Counts what the worker processes of one machine do, in memory that they share."""

from __future__ import annotations

import fcntl
import mmap
import re
import struct
import tempfile
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds in seconds; one more bucket takes what is slower."""
RESULTS = frozenset(
    {
        "sent",
        "delivered",
        "bounced",
        "complained",
        "failed",
        "expired",
        "cancelled",
        "unknown",
        "delayed",
        "paused",
    }
)
"""How an attempt can end: the outbox's words, `delayed` when it is tried again, and `paused` when
the channel does not accept us."""
OTHER = "other"
_CHANNEL = re.compile(r"[a-z][a-z0-9_-]{0,29}")
_PAIRS = 256
_NAME = 64
_PAIR = struct.Struct(f"={len(BUCKETS) + 1}Qd")
_ROW = _NAME + _PAIR.size
_HEAD = struct.Struct("=Q")
_ONE = struct.Struct("=Q")
_SUM = struct.Struct("=d")


@dataclass(frozen=True)
class Sends:
    """The attempts of one channel with one result: how many fell into each bucket, and how many
    seconds they took together."""

    counts: tuple[int, ...] = (0,) * (len(BUCKETS) + 1)
    seconds: float = 0.0

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def cumulative(self) -> list[int]:
        """How many took at most as long as each bucket's bound, as Prometheus wants it."""
        return list(accumulate(self.counts))

    def __add__(self, other: Sends) -> Sends:
        both = zip(self.counts, other.counts, strict=True)
        return Sends(tuple(map(sum, both)), self.seconds + other.seconds)


@dataclass(frozen=True)
class Counts:
    """What was counted since `share`, which was *since*, in seconds since 1970."""

    sends: dict[tuple[str, str], Sends] = field(default_factory=dict)
    wakes_lost: int = 0
    since: float = 0.0


class Block:
    """A piece of memory that processes forked from this one share.

    Its lock is the system's lock on a file that has no name: a process that is killed lets go
    of it, which a lock in the memory itself would not. Nothing is ever written to the disk.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _HEAD.size + _PAIRS * _ROW)
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - as long as the block
        self._threads = threading.Lock()
        self._places: dict[tuple[str, str], int] = {}
        self._since = time.time()

    def close(self) -> None:
        self._file.close()
        self._memory.close()

    def note_send(self, channel: str, result: str, seconds: float) -> None:
        bucket = bisect_left(BUCKETS, seconds)
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                place = self._places.get((channel, result)) or self._find(channel, result)
                self._add(_ONE, place + _NAME + bucket * _ONE.size, 1)
                self._add(_SUM, place + _ROW - _SUM.size, seconds)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def note_wake_lost(self, count: int) -> None:
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                self._add(_HEAD, 0, count)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def read(self) -> Counts:
        """Return what was counted, without waiting for those who count."""
        sends: dict[tuple[str, str], Sends] = {}
        for place in range(_HEAD.size, len(self._memory), _ROW):
            name = self._name_at(place)
            if not name:
                break
            *counts, seconds = _PAIR.unpack_from(self._memory, place + _NAME)
            channel, _, result = name.partition(" ")
            sends[channel, result] = Sends(tuple(counts), seconds)
        return Counts(sends, _HEAD.unpack_from(self._memory, 0)[0], self._since)

    def _add(self, kind: struct.Struct, place: int, amount: float) -> None:
        (before,) = kind.unpack_from(self._memory, place)
        kind.pack_into(self._memory, place, before + amount)

    def _find(self, channel: str, result: str) -> int:
        """Return where the pair is counted; the first process that needs a place takes it."""
        wanted = f"{_safe(channel)} {result if result in RESULTS else OTHER}"
        place, last = _HEAD.size, len(self._memory) - _ROW
        while (name := self._name_at(place)) and name != wanted and place < last:
            place += _ROW
        if place == last:  # more channels than there is room for: they share the last place
            wanted = f"{OTHER} {OTHER}"
        self._memory[place : place + _NAME] = wanted.encode().ljust(_NAME, b"\0")
        self._places[channel, result] = place
        return place

    def _name_at(self, place: int) -> str:
        return self._memory[place : place + _NAME].rstrip(b"\0").decode()


_block: Block | None = None


def share() -> None:
    """Begin to count. Call it before the worker processes are forked: they count together."""
    global _block
    stop()
    _block = Block()


def stop() -> None:
    """Count no more, and forget what was counted."""
    global _block
    if _block is not None:
        _block.close()
    _block = None


def note_send(channel: str, result: str, seconds: float) -> None:
    """Count one attempt of *channel* that took *seconds* and ended as *result*.

    *result* is one of `RESULTS`. Costs a few microseconds, and nothing where nobody counts.
    """
    if _block is not None:
        _block.note_send(channel, result, seconds)


def note_wake_lost(count: int = 1) -> None:
    """Count rows that the sweep found due though no worker was woken for them."""
    if _block is not None and count > 0:
        _block.note_wake_lost(count)


def read() -> Counts:
    """Return what the processes of this machine have counted."""
    return _block.read() if _block is not None else Counts()


def _safe(channel: str) -> str:
    """Return a channel's id as a label; anything else might hold somebody's name."""
    return channel if _CHANNEL.fullmatch(channel) else OTHER

"""How much memory the processes of an installation take, and how much more at their most."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from tests.bench.installation import pss

EVERY_SECONDS = 0.2
MEGABYTE = 1024 * 1024


class Memory:
    """Sampled as PSS, which counts what processes share once, in megabytes."""

    def __init__(self, processes: Callable[[], list[psutil.Process]]) -> None:
        self._processes = processes
        self._ended = threading.Event()
        self.idle = sum(self._sample().values())
        self.most = self.idle
        self.of_each: dict[str, float] = defaultdict(float)

    @property
    def growth(self) -> float:
        return self.most - self.idle

    @property
    def words(self) -> str:
        largest = ", ".join(f"{name} {most:.0f}" for name, most in sorted(self.of_each.items()))
        return (
            f"memory {self.idle:.0f} MB idle, {self.most:.0f} at most, {self.growth:+.0f}"
            f" (the largest of each kind: {largest})"
        )

    @contextmanager
    def watched(self) -> Iterator[None]:
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        yield
        self._ended.set()
        watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            found = self._sample()
            self.most = max(self.most, sum(found.values()))
            for process, megabytes in found.items():
                with suppress(psutil.Error):
                    name = process.name()
                    self.of_each[name] = max(self.of_each[name], megabytes)

    def _sample(self) -> dict[psutil.Process, float]:
        found = {}
        with suppress(psutil.Error):
            for process in self._processes():
                with suppress(psutil.Error, OSError):
                    found[process] = pss(process.pid) / MEGABYTE
        return found

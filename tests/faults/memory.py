"""How much memory the processes of an installation take, and how much more at their most."""

from __future__ import annotations

import threading
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
        self._before = self._sample()
        self._most_of_each = dict(self._before)
        self.idle = self.most = sum(self._before.values())

    @property
    def growth(self) -> float:
        return self.most - self.idle

    @property
    def words(self) -> str:
        each = [
            (most - self._before.get(process, 0), _name(process))
            for process, most in self._most_of_each.items()
        ]
        grown = ", ".join(f"{name} {by:+.0f}" for by, name in sorted(each, reverse=True)[:5])
        return f"memory {self.idle:.0f} MB idle, {self.growth:+.0f} at most ({grown})"

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
                most = max(self._most_of_each.get(process, 0), megabytes)
                self._most_of_each[process] = most

    def _sample(self) -> dict[psutil.Process, float]:
        found = {}
        with suppress(psutil.Error):
            for process in self._processes():
                with suppress(psutil.Error, OSError):
                    found[process] = pss(process.pid) / MEGABYTE
        return found


def _name(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return process.name()
    return "one that came and went"

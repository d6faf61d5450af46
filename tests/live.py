"""`portal run` as a real program: its lines, its processes, its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

import psutil

from tests.servers import free_port

READY_WITHIN = 30


AT_ONCE = {"PORTAL_UNDO_ONE": "0", "PORTAL_UNDO_BULK": "0"}
"""Nobody waits for the undo window, unless a test is about it."""


class Portico:
    """A running installation."""

    def __init__(self, process: subprocess.Popen[str], home: Path, port: int) -> None:
        self.process, self.home, self.port = process, home, port
        self.lines: list[str] = []
        self.log: list[str] = []
        self._ready = threading.Event()
        for stream, kept in ((process.stdout, self.lines), (process.stderr, self.log)):
            threading.Thread(target=self._read, args=(stream, kept), daemon=True).start()

    @classmethod
    def start(cls, home: Path, *, wait: bool = True, **environment: str) -> Portico:
        """Start and wait until it says that it is ready."""
        port = int(environment.pop("PORT", "") or free_port())
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "portal", "run"],
            env={**clean, "PORT": str(port), "PORTAL_HOME": str(home), **AT_ONCE, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        found = cls(process, home, port)
        if wait:
            found.is_ready()
        return found

    def is_ready(self) -> Portico:
        assert self._ready.wait(READY_WITHIN), "".join(self.log[-40:])
        assert self.process.poll() is None, "".join(self.log[-40:])
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def line(self, label: str) -> str:
        """Return what stands behind *label* in the lines it printed."""
        return next(line.split(": ", 1)[1] for line in self.lines if line.startswith(f"{label}: "))

    def children(self, verb: str) -> list[psutil.Process]:
        """Return the process of *verb* (web, worker or mailbox) first, then its own children."""
        for child in psutil.Process(self.process.pid).children():
            if child.name() == f"portal {verb}":
                return [child, *child.children()]
        return []

    def stop(self, *, within: float = 8) -> float:
        """Send SIGTERM; return the seconds it took to end."""
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(within)
        return time.monotonic() - started

    def _read(self, stream: IO[str] | None, kept: list[str]) -> None:
        assert stream is not None
        with stream:
            for line in stream:
                kept.append(line.rstrip("\n"))
                if kept is self.lines and line.startswith("Owner sign-in:"):
                    threading.Timer(0.05, self._ready.set).start()
        self._ready.set()

"""One of the two that are compared: its processes, its clients, and what it has cost so far."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path

import psutil

from tests.servers import free_port

SLUG = "acme"
CLIENTS = 400
READY_WITHIN = 30


class Installation(ABC):
    """Started by its own commands; all that they start is counted, and nothing else."""

    name: str

    def __init__(self, home: Path, smtp_port: int) -> None:
        self.home, self.smtp_port = home, smtp_port
        self.port = free_port()
        self.started: list[subprocess.Popen[bytes]] = []

    @abstractmethod
    def prepare(self) -> None:
        """Make the database, with an account and `CLIENTS` clients who may enter."""

    @abstractmethod
    def commands(self) -> list[list[str]]: ...

    @abstractmethod
    def environment(self) -> dict[str, str]: ...

    @abstractmethod
    def issue_links(self, count: int) -> list[str]:
        """Write *count* fresh links for different clients; return their tokens."""

    def start(self) -> None:
        for command in self.commands():
            self.started.append(
                subprocess.Popen(
                    [sys.executable, *command],
                    env={**clean_environment(), **self.environment()},
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )
        deadline = time.monotonic() + READY_WITHIN
        while not answers(self.port, f"/p/{SLUG}/"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} does not answer")
            time.sleep(0.05)

    def stop(self) -> None:
        for process in self.started:
            process.send_signal(signal.SIGTERM)
        for process in self.started:
            try:
                process.wait(8)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in self.started:
            root = psutil.Process(process.pid)
            found += [root, *root.children(recursive=True)]
        return found

    def cpu(self) -> float:
        """Return the seconds of CPU, user and system, of all processes until now."""
        total = 0.0
        for process in self.processes():
            times = process.cpu_times()
            total += times.user + times.system
        return total


def pss(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    line = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}


def answers(port: int, path: str) -> bool:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        asked.request("GET", path)
        return asked.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()

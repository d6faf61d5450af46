"""Keeps one server for the tests and ends it when they end, however they end.

Run as a program, it goes into the background, starts the server as its child and obeys one-word
messages on a socket. It also waits for a file lock that the test run holds while it lives: the
kernel releases it even after kill -9, so no server outlives its tests.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any


class Watcher:
    """The server, its folder, and who may say what to it."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.command: list[str] = order["command"]
        self.identity: dict[str, Any] = order["identity"]
        self.stop_signal: int = order["stop_signal"]
        self.home = Path(order["home"])
        self.control = Path(order["control"])
        self.alive = Path(order["alive"])
        self.child: subprocess.Popen[bytes] | None = None
        self.turn = threading.RLock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.control))
        self.listener.listen()

    def watch(self) -> None:
        """Start the server and stay with it until a message or the end of the run."""
        self.start()
        signal.signal(signal.SIGTERM, lambda *_: self.end())
        threading.Thread(target=self.outlive, daemon=True).start()
        while True:
            connection, _ = self.listener.accept()
            with connection:
                word = connection.recv(16).decode()
                {"start": self.start, "stop": self.stop, "kill": self.kill, "end": self.clear}[
                    word
                ]()
                connection.sendall(b"done")
            if word == "end":
                os._exit(0)

    def start(self) -> None:
        with self.turn, (self.home / "log").open("ab") as log:
            if self.child is None:
                self.child = subprocess.Popen(
                    self.command,
                    cwd=self.home,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    **self.identity,
                )

    def stop(self) -> None:
        self._stop(self.stop_signal)

    def kill(self) -> None:
        self._stop(signal.SIGKILL)

    def _stop(self, how: int) -> None:
        with self.turn:
            if self.child is None:
                return
            self.child.send_signal(how)
            try:
                self.child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
            self.child = None

    def outlive(self) -> None:
        """Wait for the death of the test run, then leave nothing behind."""
        with self.alive.open("rb") as alive:
            fcntl.lockf(alive, fcntl.LOCK_SH)
        self.clear()
        if not any(self.alive.parent.glob("*.control")):  # the last one out
            shutil.rmtree(self.alive.parent, ignore_errors=True)
        os._exit(0)

    def end(self) -> None:
        self.clear()
        os._exit(0)

    def clear(self) -> None:
        self.turn.acquire()  # for good: from here on nothing starts again
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        self.control.unlink(missing_ok=True)


def main() -> None:
    watcher = Watcher(json.loads(sys.argv[1]))
    if os.fork():
        os._exit(0)  # whoever called goes on: the socket already listens
    os.setsid()  # Ctrl-C is for the tests, which then tell us
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)
    watcher.watch()


if __name__ == "__main__":
    main()

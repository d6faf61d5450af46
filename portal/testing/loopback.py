"""What the scripted servers have in common: a port on this machine and a thread for each line."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self


class LoopbackServer:
    """Listens on loopback, inside `with`. A subclass says in `_talk` what happens on a line."""

    def __init__(self) -> None:
        self._is_over = threading.Event()
        self._lines: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening and drop every line. From then on calls are refused."""
        self._is_over.set()
        for each in (self._listener, *self._lines):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)

    def _talk(self, line: socket.socket, address: tuple[str, int]) -> None:
        raise NotImplementedError

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                line, address = self._listener.accept()
            except OSError:
                return
            self._lines.append(line)
            self._start(self._serve, line, address)

    def _serve(self, line: socket.socket, address: tuple[str, int]) -> None:
        with suppress(OSError), line:  # a line that was dropped is what the test wanted
            self._talk(line, address)

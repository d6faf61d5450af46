"""A mail server on this machine that does what a test tells it to, and remembers the messages."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType

from portal.testing.calls import Call
from portal.testing.mail import HANG, HANG_UP, RESET, USUAL, as_call, message


class ScriptedMailServer:
    """Listens on loopback, inside `with`. *replies* are by verb; `GREETING` and `DOT`, the reply
    to a whole message, count as verbs."""

    def __init__(self, replies: Mapping[str, str] | None = None) -> None:
        self.replies = USUAL | dict(replies or {})
        self.calls: list[Call] = []
        self._is_over = threading.Event()
        self._lines: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> ScriptedMailServer:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                line, address = self._listener.accept()
            except OSError:
                return
            self._lines.append(line)
            self._start(self._talk, line, address)

    def _talk(self, line: socket.socket, address: tuple[str, int]) -> None:
        with suppress(OSError, ValueError), line, line.makefile("rb") as said:
            going = self._say(line, "GREETING")
            while going and (command := said.readline()):
                verb = (
                    command.split()[0].decode("ascii", "replace").upper() if command.split() else ""
                )
                going = self._say(line, verb) and verb != "QUIT"
                if going and verb == "DATA" and self.replies[verb].startswith("354"):
                    self.calls.append(as_call(message(said), address))
                    going = self._say(line, "DOT")

    def _say(self, line: socket.socket, verb: str) -> bool:
        """Answer *verb* as scripted. Returns False when the line is gone."""
        reply = self.replies.get(verb, "502 5.5.1 never heard of it")
        if reply == HANG:
            self._is_over.wait()
            return False
        if reply == RESET:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if reply == HANG_UP:
            return False
        line.sendall(f"{reply}\r\n".encode("utf-8", "surrogateescape"))
        return True

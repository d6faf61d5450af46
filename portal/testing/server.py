"""An HTTP server on this machine that does what a test tells it to, and remembers the calls."""

from __future__ import annotations

import socket
from contextlib import suppress

from portal.testing.answers import Answer, Scripted
from portal.testing.calls import Call
from portal.testing.handler import Handler
from portal.testing.loopback import LoopbackServer


class ScriptedServer(LoopbackServer):
    """Listens on loopback, inside `with`. *answer* is given to every call, until it is changed.

    It is an `Answer`, or what else may [happen to a call](#what-else-may-happen). *url* is the
    server's address, such as `http://127.0.0.1:4711`, and *calls* lists each `Call` so far.
    """

    def __init__(self, answer: Scripted | None = None) -> None:
        super().__init__()
        self.answer: Scripted = answer or Answer()
        self.calls: list[Call] = []
        self._handler = type("Bound", (Handler,), {"script": self})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_over(self) -> None:
        self._is_over.wait()

    def _talk(self, line: socket.socket, address: tuple[str, int]) -> None:
        with suppress(ValueError):
            self._handler(line, address, self)

"""A mail server on this machine that does what a test tells it to, and remembers the messages."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from contextlib import suppress

from portal.testing.calls import Call
from portal.testing.loopback import LoopbackServer
from portal.testing.mail import HANG, HANG_UP, RESET, USUAL, as_call, message


class ScriptedMailServer(LoopbackServer):
    """Listens on loopback, inside `with`. *replies* are by verb; `GREETING` and `DOT`, the reply
    to a whole message, count as verbs."""

    def __init__(self, replies: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.replies = USUAL | dict(replies or {})
        self.calls: list[Call] = []

    @property
    def url(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _talk(self, line: socket.socket, address: tuple[str, int]) -> None:
        with suppress(ValueError), line.makefile("rb") as said:
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

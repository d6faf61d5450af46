"""An SMTP server over a real socket that says and does what a test tells it to."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
import struct
import threading
from collections.abc import Mapping
from email.message import EmailMessage
from urllib.parse import quote

from portal.testing.loopback import LoopbackServer

SILENCE, DRIP, HANG_UP, RESET = "silence", "drip", "hang up", "reset"  # instead of a reply

USUAL = {
    "GREETING": "220 scripted ESMTP",
    "HELO": "250 scripted",
    "MAIL": "250 2.1.0 fine",
    "RCPT": "250 2.1.5 fine",
    "DATA": "354 go on",
    "DOT": "250 2.0.0 queued as 4711",
    "RSET": "250 2.0.0 clean",
    "AUTH": "235 2.7.0 welcome",
    "STARTTLS": "220 2.0.0 go ahead",
    "QUIT": "221 2.0.0 bye",
}


class ScriptedServer(LoopbackServer):
    """Listens on loopback, inside `with`. *replies* are by verb; `GREETING`, `MESSAGE` (which
    cuts it short) and `DOT` count as such.

    `talks` holds the commands of each connection, `raw` the messages as they came (dots
    unstuffed). *leaves_after* makes it leave once it has sent that many `DOT` replies on a
    connection. *pace* is
    the seconds between two bytes of a drip.
    """

    def __init__(
        self,
        replies: Mapping[str, str] | None = None,
        *,
        features: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        leaves_after: int = 0,
        pace: float = 0.02,
    ) -> None:
        super().__init__()
        self.pace = pace
        self.replies = USUAL | dict(replies or {})
        self.features = features
        self.talks: list[list[str]] = []
        self.raw: list[bytes] = []
        self.left = threading.Event()
        self._tls, self._implicit, self._leaves_after = tls, implicit, leaves_after

    def url(self, user: str = "", password: str = "", *, host: str = "localhost") -> str:
        scheme = "smtps" if self._implicit else "smtp"
        login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
        encryption = "" if self._tls or "STARTTLS" in self.features else "?starttls=never"
        return f"{scheme}://{login}{host}:{self.port}{encryption}"

    @property
    def messages(self) -> list[EmailMessage]:
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.raw]  # type: ignore[misc]

    def _talk(self, line: socket.socket, _address: tuple[str, int]) -> None:
        commands: list[str] = []
        self.talks.append(commands)
        try:
            with self._encrypt(line) if self._implicit else line as spoken:
                _Talk(self, spoken, commands, self._leaves_after).run()
        finally:
            self.left.set()

    def _encrypt(self, line: socket.socket) -> ssl.SSLSocket:
        assert self._tls
        secure = self._tls.wrap_socket(line, server_side=True)
        self._lines.append(secure)
        return secure


class _Talk:
    def __init__(
        self, server: ScriptedServer, line: socket.socket, commands: list[str], leaves_after: int
    ) -> None:
        self.server, self.line, self.commands = server, line, commands
        self.file = line.makefile("rb")
        self.left_to_take = leaves_after or -1

    def run(self) -> None:
        if not self.say("GREETING"):
            return
        while command := self.file.readline():
            words = command.decode("utf-8", "replace").rstrip("\r\n")
            verb = words.split(" ")[0].upper()
            self.commands.append(verb + words[len(verb) :])
            if not self.answer(verb) or verb == "QUIT" or self.left_to_take == 0:
                break
        self.line.close()
        self.file.close()

    def answer(self, verb: str) -> bool:
        if verb == "EHLO" and verb not in self.server.replies:
            names = ["scripted", *self.server.features]
            lines = [
                f"250{'-' if n < len(names) else ' '}{each}" for n, each in enumerate(names, 1)
            ]
            self.line.sendall("\r\n".join([*lines, ""]).encode())
            return True
        if not self.say(verb):
            return False
        if verb == "STARTTLS" and self.server.replies[verb].startswith("220"):
            self.file.close()
            self.line = self.server._encrypt(self.line)
            self.file = self.line.makefile("rb")
        if verb == "DATA" and self.server.replies[verb].startswith("354"):
            return self.take()
        return True

    def take(self) -> bool:
        lines = []
        if "MESSAGE" in self.server.replies:
            self.file.readline()
            return self.say("MESSAGE")
        while (line := self.file.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b".") else line)
        if not line:  # hung up before the final dot: no message
            return False
        self.server.raw.append(b"".join(lines))
        self.left_to_take -= 1
        return self.say("DOT")

    def say(self, verb: str) -> bool:
        """Answer *verb* as scripted. Returns False when the line is gone."""
        reply = self.server.replies.get(verb, "502 5.5.1 never heard of it")
        if reply == SILENCE:
            self.server._is_over.wait()
        elif reply == DRIP:
            while not self.server._is_over.wait(self.server.pace):
                self.line.sendall(b"2")
        elif reply == RESET:
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif reply != HANG_UP:
            self.line.sendall(f"{reply}\r\n".encode())
            return True
        return False

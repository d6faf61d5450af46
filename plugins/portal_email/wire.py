"""An SMTP connection whose certificate is checked and whose clock no server can stretch."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any

from portal_email.server import Server, must_be_allowed

STEP = 15.0  # seconds one answer may take
MOST_OF_A_LINE = 8192
MOST_LINES = 100


class Wire(smtplib.SMTP):
    """Like `smtplib.SMTP`, but the whole talk must end by *deadline* (`time.monotonic`).

    A server that drips one byte every few seconds satisfies any timeout per operation; so each
    wait is bounded by what is left of the whole. Raises TimeoutError when it is over.
    """

    def __init__(
        self, server: Server, hello: str, deadline: float, context: Callable[[], ssl.SSLContext]
    ) -> None:
        self.deadline = deadline
        self._server = server
        self._context = context
        self._unread = b""
        super().__init__(server.host, server.port, local_hostname=hello)

    def connect(
        self, host: str = "", port: int = 0, source_address: Any = None
    ) -> tuple[int, bytes]:
        self._unread = b""
        self.sock = self._dial(host, port)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._server.tls == "implicit":
            self.sock = self._encrypt(self.sock)
        return self.getreply()

    def begin_tls(self) -> None:
        """Encrypt the connection. Raises SMTPNotSupportedError when the server will not."""
        self.ehlo_or_helo_if_needed()
        if not self.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError("no STARTTLS")
        code, words = self.docmd("STARTTLS")
        if code != 220:
            raise smtplib.SMTPResponseException(code, words)
        self._unread = b""  # nothing said in clear counts any more
        self.sock = self._encrypt(self._socket())
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False
        self.ehlo_or_helo_if_needed()

    def send(self, s: Any) -> None:
        sock = self._socket()
        try:
            sock.settimeout(self._patience())
            sock.sendall(s.encode(self.command_encoding) if isinstance(s, str) else s)
        except TimeoutError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected("The line dropped.") from error

    def say(self, commands: Sequence[str]) -> None:
        """Send *commands* at once; an answer to each will come (RFC 2920)."""
        if any("\r" in command or "\n" in command for command in commands):
            raise ValueError("a command is one line")
        self.send("\r\n".join((*commands, "")))

    def getreply(self, *, at_most: float = STEP) -> tuple[int, bytes]:
        lines: list[bytes] = []
        while True:
            line = self._line(at_most)
            lines.append(line[4:].strip())
            if line[3:4] != b"-" or len(lines) == MOST_LINES:
                break
        code = int(line[:3]) if line[:3].isdigit() else -1
        return code, b"\n".join(lines)

    def close(self) -> None:
        self._unread = b""
        super().close()

    def _line(self, at_most: float) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > MOST_OF_A_LINE:
                self.close()
                raise smtplib.SMTPResponseException(500, b"The reply is too long.")
            self._unread += self._receive(at_most)
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _receive(self, at_most: float) -> bytes:
        sock = self._socket()
        try:
            sock.settimeout(self._patience(at_most))
            some = sock.recv(4096)
        except TimeoutError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected("The line dropped.") from error
        if not some:
            self.close()
            raise smtplib.SMTPServerDisconnected("The server hung up.")
        return some

    def _dial(self, host: str, port: int) -> socket.socket:
        failure: OSError | None = None
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            must_be_allowed(self._server.rules, host, str(address[0]))
            try:
                return socket.create_connection((str(address[0]), port), self._patience())
            except OSError as error:
                failure = error
        raise failure or OSError("no address")

    def _encrypt(self, sock: socket.socket) -> ssl.SSLSocket:
        sock.settimeout(self._patience())
        try:
            return self._context().wrap_socket(sock, server_hostname=self._server.host)
        except OSError:
            sock.close()
            raise

    def _socket(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("Not connected.")
        return self.sock

    def _patience(self, at_most: float = STEP) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The mail server took too long.")
        return min(at_most, left)

"""Lines and counted octets to and from an IMAP server, with a clock that it cannot stretch."""

from __future__ import annotations

import re
import socket
import ssl
import time
from typing import NamedTuple

from portal.channel import TemporaryError
from portal_email.mailbox import Mailbox
from portal_email.replies import one_line
from portal_email.server import must_be_allowed

STEP = 15.0  # seconds one answer may take
MOST_OF_A_LINE = 1_000_000  # a search may find many
MOST_LITERALS = 8_000_000  # octets in one answer

LITERAL = re.compile(rb"\{(\d{1,10})\+?\}$")
LOST = "The connection to the bounce mailbox was lost."
TOO_SLOW = "The bounce mailbox took too long."
TOO_MUCH = "The bounce mailbox says too much."


class Line(NamedTuple):
    """One response; *literals* hold what came by count, such as a message."""

    words: bytes
    literals: tuple[bytes, ...] = ()


class ImapWire:
    """A connection to the server of *mailbox*; the whole talk must end by *deadline*.

    *deadline* is a time of `time.monotonic`. Raises TemporaryError.
    """

    def __init__(self, mailbox: Mailbox, tls: ssl.SSLContext, deadline: float) -> None:
        self.deadline = deadline
        self._mailbox, self._tls = mailbox, tls
        self._unread = b""
        self._sock = self._dial()
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if mailbox.tls == "implicit":
            self.encrypt()

    def encrypt(self) -> None:
        """Encrypt from here on. Nothing said in clear counts any more."""
        self._unread = b""
        try:
            self._sock.settimeout(self._patience())
            self._sock = self._tls.wrap_socket(self._sock, server_hostname=self._mailbox.host)
        except ssl.SSLCertVerificationError as error:
            self.close()
            reason = "The bounce mailbox's certificate is not valid for its name."
            raise TemporaryError(reason, reply=error.verify_message, cause="unreachable") from None
        except TimeoutError:
            self.close()
            raise TemporaryError(TOO_SLOW, cause="timeout") from None
        except OSError:
            self.close()
            reason = "No encrypted connection to the bounce mailbox could be made."
            raise TemporaryError(reason, cause="unreachable") from None

    def send(self, octets: bytes) -> None:
        try:
            self._sock.settimeout(self._patience())
            self._sock.sendall(octets)
        except TimeoutError:
            raise TemporaryError(TOO_SLOW, cause="timeout") from None
        except OSError:
            raise TemporaryError(LOST, cause="unreachable") from None

    def line(self) -> Line:
        """Return the next response."""
        words, left = b"", MOST_LITERALS
        literals: list[bytes] = []
        while True:
            words += self._until_line_end()
            counted = LITERAL.search(words)
            if not counted:
                return Line(words, tuple(literals))
            left -= int(counted[1])
            if left < 0:
                raise TemporaryError(TOO_MUCH, cause="unreachable")
            literals.append(self._exactly(int(counted[1])))

    def close(self) -> None:
        self._sock.close()

    def _dial(self) -> socket.socket:
        try:
            return self._connected()
        except TimeoutError:
            raise TemporaryError(TOO_SLOW, cause="timeout") from None
        except OSError:
            reason = "The bounce mailbox could not be reached."
            raise TemporaryError(reason, cause="unreachable") from None

    def _connected(self) -> socket.socket:
        failure: OSError | None = None
        host, port = self._mailbox.host, self._mailbox.port
        for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            must_be_allowed(self._mailbox.rules, host, str(address[0]))
            try:
                return socket.create_connection((str(address[0]), port), self._patience())
            except OSError as error:
                failure = error
        raise failure or OSError("no address")

    def _until_line_end(self) -> bytes:
        start = 0
        while (end := self._unread.find(b"\n", start)) < 0:
            if len(self._unread) > MOST_OF_A_LINE:
                raise TemporaryError(TOO_MUCH, cause="unreachable")
            start = len(self._unread)
            self._unread += self._receive()
        line, self._unread = self._unread[:end], self._unread[end + 1 :]
        return line.rstrip(b"\r")

    def _exactly(self, count: int) -> bytes:
        pieces, have = [self._unread], len(self._unread)
        while have < count:
            pieces.append(self._receive())
            have += len(pieces[-1])
        whole = b"".join(pieces)
        self._unread = whole[count:]
        return whole[:count]

    def _receive(self) -> bytes:
        try:
            self._sock.settimeout(self._patience())
            some = self._sock.recv(65536)
        except TimeoutError:
            raise TemporaryError(TOO_SLOW, cause="timeout") from None
        except OSError:
            raise TemporaryError(LOST, cause="unreachable") from None
        if not some:
            raise TemporaryError(LOST, cause="unreachable")
        return some

    def _patience(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(TOO_SLOW)
        return min(STEP, left)


def text_of(words: bytes) -> str:
    """Return *words* of a server as one line for people."""
    return one_line(words.decode("utf-8", "replace"))

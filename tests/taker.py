"""What a mail server says that takes everything at once and looks at nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Taker(asyncio.Protocol):
    """One line of it. Each message is handed to *take* with the addresses it is for."""

    def __init__(self, take: Callable[[list[str], bytes], None]) -> None:
        self._take = take
        self._heard = b""
        self._to: list[str] = []
        self._is_message = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._line = transport
        self._line.write(b"220 taker\r\n")

    def hang_up(self) -> None:
        self._line.abort()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while True:
            end = b"\r\n.\r\n" if self._is_message else b"\r\n"
            said, found, rest = self._heard.partition(end)
            if not found:
                return
            self._heard = rest
            self._line.write(self._answer(said))

    def _answer(self, said: bytes) -> bytes:
        if self._is_message:
            self._is_message = False
            self._take(self._to, said)
            self._to = []
            return b"250 2.0.0 taken\r\n"
        verb = said[:4].upper()
        if verb == b"RCPT":
            self._to.append(said.partition(b"<")[2].partition(b">")[0].decode())
        if verb == b"EHLO":
            return b"250-taker\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
        if verb == b"DATA":
            self._is_message = True
            return b"354 go on\r\n"
        if verb in (b"MAIL", b"RSET"):
            self._to = []
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 OK\r\n"

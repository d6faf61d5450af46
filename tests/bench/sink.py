"""A mail server that takes everything and keeps the number of messages and the last one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable


class Sink:
    """Both installations send here; its CPU is nobody's."""

    def __init__(self) -> None:
        self.accepted = 0
        self.last = b""
        loop, self.port = listen(self._take)
        threading.Thread(target=loop.run_forever, daemon=True).start()

    def wait_for(self, accepted: int, *, within: float = 120) -> None:
        """Wait until *accepted* messages in all were taken. Raises TimeoutError."""
        deadline = time.monotonic() + within
        while self.accepted < accepted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {self.accepted} of {accepted} messages came")
            time.sleep(0.005)

    def _take(self, message: bytes) -> None:
        self.last = message
        self.accepted += 1


def listen(take: Callable[[bytes], None]) -> tuple[asyncio.AbstractEventLoop, int]:
    """Return a loop, still to be run, that hands each message to *take*, and its port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: _Talk(take), "127.0.0.1", 0))
    return loop, int(server.sockets[0].getsockname()[1])


class _Talk(asyncio.Protocol):
    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._heard = b""
        self._is_message = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._line = transport
        self._line.write(b"220 sink\r\n")

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
            self._take(said)
            return b"250 2.0.0 taken\r\n"
        verb = said[:4].upper()
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
        if verb == b"DATA":
            self._is_message = True
            return b"354 go on\r\n"
        if verb == b"QUIT":
            return b"221 bye\r\n"
        return b"250 OK\r\n"

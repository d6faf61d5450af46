"""A mail server that takes everything at once and notes who got which message with which link."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from typing import NamedTuple

LINK = re.compile(rb"https?://[^\s\"<>]+/l/[A-Za-z0-9_-]{24}")
MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)


class Entry(NamedTuple):
    """What makes two messages the same one."""

    to: str
    message_id: str
    link: str


class Ledger:
    """Counts each message that was taken; its clients are the workers of an installation."""

    def __init__(self) -> None:
        self.accepted = 0
        self.entries: Counter[Entry] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        # In its own thread from the first: a browser's loop may be at home in this one.
        listens = self._loop.create_server(lambda: _Talk(self), "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listens, self._loop).result()
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?starttls=never"

    @property
    def addresses(self) -> set[str]:
        return {entry.to for entry in self.entries.copy()}

    @property
    def duplicates(self) -> int:
        entries = self.entries.copy()
        return entries.total() - len({entry.to for entry in entries})

    @property
    def strangers(self) -> list[str]:
        """The addresses that got a second message that is not the first one over again."""
        seen = Counter(entry.to for entry in self.entries.copy())
        return [address for address, kinds in seen.items() if kinds > 1]

    def take(self, to: list[str], raw: bytes) -> None:
        text = raw.replace(b"=\r\n", b"").replace(b"=3D", b"=")
        link, message_id = LINK.search(text), MESSAGE_ID.search(text)
        assert link is not None
        assert message_id is not None
        for address in to:
            self.entries[Entry(address, message_id[1].decode(), link[0].decode())] += 1
        self.accepted += 1

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join()
        self._loop.close()

    def _end(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.stop()


class _Talk(asyncio.Protocol):
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._heard = b""
        self._to: list[str] = []
        self._is_message = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._line = transport
        self._line.write(b"220 ledger\r\n")

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
            self._ledger.take(self._to, said)
            self._to = []
            return b"250 2.0.0 taken\r\n"
        verb = said[:4].upper()
        if verb == b"RCPT":
            self._to.append(said.partition(b"<")[2].partition(b">")[0].decode())
        if verb == b"EHLO":
            return b"250-ledger\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
        if verb == b"DATA":
            self._is_message = True
            return b"354 go on\r\n"
        if verb in (b"MAIL", b"RSET"):
            self._to = []
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 OK\r\n"

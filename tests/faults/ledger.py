"""A mail server that takes everything at once and notes who got which message with which link."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from typing import NamedTuple

from tests.taker import Taker

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
        self._takers: list[Taker] = []
        listens = self._loop.create_server(self._taker, "127.0.0.1", 0)
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

    def _taker(self) -> Taker:
        self._takers.append(Taker(self.take))
        return self._takers[-1]

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
        for taker in self._takers:
            taker.hang_up()
        self._loop.call_soon(self._loop.stop)  # after the lines have noticed

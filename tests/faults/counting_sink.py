"""A mail server in a process of its own that counts what came for whom, however often it is asked
to take it."""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import re
from collections import Counter
from multiprocessing.sharedctypes import RawValue
from typing import Any

from tests.taker import Taker

MESSAGE_ID = re.compile(rb"^message-id: (\S+)", re.IGNORECASE | re.MULTILINE)

Told = dict[tuple[str, str], int]


class CountingSink:
    def __init__(self) -> None:
        self._count: Any = RawValue(ctypes.c_longlong, 0)
        context = multiprocessing.get_context("fork")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=self._serve, args=(theirs,), daemon=True)
        self._process.start()
        self.port: int = self._line.recv()

    @property
    def accepted(self) -> int:
        return int(self._count.value)

    def told(self) -> Told:
        """Return how often each message came, by its recipient and Message-ID."""
        self._line.send("tell")
        found: Told = self._line.recv()
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.join()

    def _serve(self, line: Any) -> None:
        taken: Counter[tuple[str, str]] = Counter()

        def take(to: list[str], message: bytes) -> None:
            found = MESSAGE_ID.search(message)
            taken[to[0], found[1].decode() if found else ""] += 1
            self._count.value += 1

        loop = asyncio.new_event_loop()
        made = loop.create_server(lambda: Taker(take), "127.0.0.1", 0)
        line.send(loop.run_until_complete(made).sockets[0].getsockname()[1])
        loop.add_reader(line.fileno(), lambda: (line.recv(), line.send(dict(taken))))
        loop.run_forever()

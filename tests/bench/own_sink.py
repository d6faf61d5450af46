"""The mail server in a process of its own, which notes when it took each message."""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import time
from multiprocessing.sharedctypes import RawArray, RawValue
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.bench.sink import listen

KEPT = 1 << 14
LONGEST = 1 << 16


class OwnSink:
    """Takes everything, as fast as it can.

    Times are `time.monotonic`, which is one clock for all processes of a machine.
    """

    def __init__(self) -> None:
        self._count: Any = RawValue(ctypes.c_longlong, 0)
        self._times: Any = RawArray(ctypes.c_double, KEPT)
        self._size: Any = RawValue(ctypes.c_int, 0)
        self._last: Any = RawArray(ctypes.c_char, LONGEST)
        context = multiprocessing.get_context("fork")
        hearing, saying = context.Pipe(duplex=False)
        self._process = context.Process(target=self._serve, args=(saying,), daemon=True)
        self._process.start()
        self.port: int = hearing.recv()

    @property
    def accepted(self) -> int:
        return int(self._count.value)

    @property
    def last(self) -> bytes:
        """The last message, as it came over the wire."""
        return bytes(self._last[: self._size.value])

    def taken_at(self, number: int) -> float:
        """Return when the message *number* (from 1) got its 250, while that is remembered."""
        return float(self._times[number % KEPT])

    def wait_for(self, accepted: int, *, within: float = 120) -> None:
        """Wait until *accepted* messages in all were taken. Raises TimeoutError."""
        deadline = time.monotonic() + within
        while self.accepted < accepted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {self.accepted} of {accepted} messages came")
            time.sleep(0.005)

    def rate(self, since: int, count: int) -> float:
        """Return the messages a second of the *count* that came after number *since*."""
        took = self.taken_at(since + count) - self.taken_at(since + 1)
        return (count - 1) / took

    def close(self) -> None:
        self._process.terminate()
        self._process.join()

    def _serve(self, saying: Any) -> None:
        loop, port = self._listen()
        saying.send(port)
        loop.run_forever()

    def _listen(self) -> tuple[asyncio.AbstractEventLoop, int]:
        return listen(self._note)

    def _note(self, message: bytes) -> None:
        self._last[: len(message)] = message
        self._size.value = len(message)
        number = self._count.value + 1
        self._times[number % KEPT] = time.monotonic()
        self._count.value = number


class RealSink(OwnSink):
    """The same, spoken by a mail server that people use: it reads, parses and answers as one."""

    def _listen(self) -> tuple[asyncio.AbstractEventLoop, int]:
        loop = asyncio.new_event_loop()
        made = loop.create_server(lambda: SMTP(self, loop=loop, hostname="sink"), "127.0.0.1", 0)
        return loop, int(loop.run_until_complete(made).sockets[0].getsockname()[1])

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self._note(bytes(envelope.original_content or b"").removesuffix(b"\r\n"))
        return "250 2.0.0 taken"

"""A mail server that takes everything and keeps the number of messages and the last one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from tests.taker import Taker


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
    made = loop.create_server(lambda: Taker(lambda _to, message: take(message)), "127.0.0.1", 0)
    server = loop.run_until_complete(made)
    return loop, int(server.sockets[0].getsockname()[1])

"""An HTTP server on this machine that does what a test tells it to, and remembers the calls."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any

from portal.testing.answers import Answer, Scripted
from portal.testing.calls import Call
from portal.testing.handler import Handler


class ScriptedServer:
    """Listens on loopback, inside `with`. *answer* is given to every call, until it is changed.

    It is an `Answer`, or what else may [happen to a call](#what-else-may-happen). *url* is the
    server's address, such as `http://127.0.0.1:4711`, and *calls* lists each `Call` so far.
    """

    def __init__(self, answer: Scripted | None = None) -> None:
        self.answer: Scripted = answer or Answer()
        self.calls: list[Call] = []
        self._is_over = threading.Event()
        handler = type("Bound", (Handler,), {"script": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening and drop every line. From then on calls are refused."""
        if self._is_over.is_set():
            return
        self._is_over.set()
        self._server.shutdown()
        self._server.drop_lines()
        self._server.server_close()
        self._thread.join(5)

    def wait_until_over(self) -> None:
        self._is_over.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True

    def __init__(self, address: tuple[str, int], handler: Any) -> None:
        self._lines: list[socket.socket] = []
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        line, address = super().get_request()
        self._lines.append(line)
        return line, address

    def drop_lines(self) -> None:
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A line that was dropped is what the test wanted."""

"""An HTTP server on this machine that does what a test tells it to, and remembers the calls."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from portal.testing.answers import Answer, Garbage, Hang, Reset, Scripted


@dataclass(frozen=True)
class Call:
    """One request as it came. *line* tells connections apart. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    line: tuple[str, int]

    def texts(self) -> list[str]:
        """Return every text that was sent: headers, the query, and the body's own parts."""
        query = self.path.partition("?")[2]
        body = self.body.decode("utf-8", "replace")
        parts = [value for _name, value in parse_qsl(query) + parse_qsl(body)]
        return [self.path, *self.headers.values(), body, *parts, *_leaves(_as_json(body))]


class ScriptedServer:
    """Listens on loopback, inside `with`. *answer* is given to every call, until it is changed."""

    def __init__(self, answer: Scripted | None = None) -> None:
        self.answer: Scripted = answer or Answer()
        self.calls: list[Call] = []
        self._is_over = threading.Event()
        handler = type("Handler", (_Handler,), {"script": self})
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


class _Handler(BaseHTTPRequestHandler):
    script: ClassVar[ScriptedServer]
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, self.path, headers, body, self.client_address)
        self.script.calls.append(call)
        self.play(self.script.answer, call)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the library's names

    def play(self, scripted: Scripted, call: Call) -> None:
        if isinstance(scripted, Hang):
            self.script.wait_until_over()
            self.close_connection = True
        elif isinstance(scripted, Reset):
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True
        elif isinstance(scripted, Garbage):
            self.wfile.write(scripted.bytes_)
            self.close_connection = True
        else:
            self.send(scripted, call)

    def send(self, answer: Answer, call: Call) -> None:
        body = answer.encoded()
        if answer.echo:
            body += "\n".join(["", *call.headers.values()]).encode() + call.body
        self.send_response(answer.status)
        kind = "text/plain" if isinstance(answer.body, str) else "application/json"
        headers: Message | Mapping[str, str] = {"Content-Type": kind, **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Stay silent."""


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _leaves(found: Any) -> list[str]:
    if isinstance(found, dict):
        return [leaf for value in found.values() for leaf in _leaves(value)]
    if isinstance(found, list):
        return [leaf for value in found for leaf in _leaves(value)]
    return [found] if isinstance(found, str) else []

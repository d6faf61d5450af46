"""An HTTP server over a real socket that answers as a test tells it to, and keeps what it got."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from portal.testing.loopback import LoopbackServer

SILENCE, HANG_UP, RESET, DRIP, BREAK_OFF = "silence", "hang up", "reset", "drip", "break off"


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


class ScriptedGateway(LoopbackServer):
    """Listens on loopback, inside `with`. Each request gets *status*, *headers* and *body*, or one
    of the words above: no answer, a closed line, a reset, a byte at a time, half of the body.
    `finished` counts the answers that could be handed over as a whole."""

    def __init__(
        self,
        status: int | str = 200,
        body: str | bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        self.status = status
        self.body = body.encode() if isinstance(body, str) else body
        self.headers = dict(headers or {})
        self.requests: list[Request] = []
        self.finished = 0
        self._tls = tls
        self.url = f"http{'s' if tls else ''}://localhost:{self.port}"

    def _talk(self, line: socket.socket, _address: tuple[str, int]) -> None:
        if self._tls:
            line = self._tls.wrap_socket(line, server_side=True)
            self._lines.append(line)
        with line, line.makefile("rb") as file:
            request = self._read(file)
            if request is not None:
                self.requests.append(request)
                self._answer(line)

    @staticmethod
    def _read(file: object) -> Request | None:
        readline, read = file.readline, file.read  # type: ignore[attr-defined]
        first = readline().decode("latin-1").split()
        if not first:
            return None
        headers = {}
        while line := readline().decode("latin-1").strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return Request(first[0], first[1], headers, read(int(headers.get("content-length", 0))))

    def _answer(self, line: socket.socket) -> None:
        if self.status == SILENCE:
            self._is_over.wait()
        elif self.status == DRIP:
            while not self._is_over.wait(0.02):
                line.sendall(b"HTTP/1.1 200 OK\r\n"[:1])
        elif self.status == RESET:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self.status == BREAK_OFF:
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly so much")
        elif isinstance(self.status, int):
            head = f"HTTP/1.1 {self.status} Fine\r\nContent-Length: {len(self.body)}\r\n"
            more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
            line.sendall(f"{head}{more}\r\n".encode() + self.body)
            self.finished += 1

"""An HTTP server over a real socket that answers as a test tells it to, and keeps what it got."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

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


class ScriptedGateway:
    """Listens on loopback until `stop`. Each request gets *status*, *headers* and *body*, or one of
    the words above: no answer, a closed line, a reset, a byte at a time, half of the body.
    `finished` counts the answers that could be handed over as a whole."""

    def __init__(
        self,
        status: int | str = 200,
        body: str | bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.status = status
        self.body = body.encode() if isinstance(body, str) else body
        self.headers = dict(headers or {})
        self.requests: list[Request] = []
        self.finished = 0
        self._tls = tls
        self._stopped = threading.Event()
        self._lines: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://localhost:{self.port}"
        self._start(self._accept)

    def stop(self) -> None:
        self._stopped.set()
        for each in (self._listener, *self._lines):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._lines.append(line)
            self._start(self._serve, line)

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls:
                line = self._tls.wrap_socket(line, server_side=True)
                self._lines.append(line)
            with line.makefile("rb") as file:
                request = self._read(file)
                if request is not None:
                    self.requests.append(request)
                    self._answer(line)
        line.close()

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
            self._stopped.wait()
        elif self.status == DRIP:
            while not self._stopped.wait(0.02):
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

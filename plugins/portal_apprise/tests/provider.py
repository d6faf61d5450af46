"""A messenger's server that answers as it is told, and keeps what it was asked."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    method: str
    path: str
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Provider:
    """*status* and *body* answer everything; *act* can be `hang` or `drop` instead."""

    port: int = 0
    status: int = 200
    body: bytes = b"{}"
    act: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Provider]:
        provider = cls()
        server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(provider))
        server.daemon_threads = True
        provider.port = server.server_port
        serve = {"poll_interval": 0.02}
        thread = threading.Thread(target=server.serve_forever, kwargs=serve, daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            provider.over.set()
            server.shutdown()
            thread.join()
            server.server_close()


def _answering(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            provider.asked.append(Asked(self.command, self.path, self.rfile.read(length)))
            if provider.act == "hang":
                provider.over.wait(5)
            if provider.act:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(provider.status)
            for name, value in provider.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(provider.body)))
            self.end_headers()
            self.wfile.write(provider.body)

        do_GET = do_POST = do_PUT = answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: the tests look at the log."""

    return Handler

"""Answers one HTTP request as the script says."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, Protocol

from portal.testing.answers import Answer, Garbage, Hang, Moved, Reset, Scripted
from portal.testing.calls import Call


class Script(Protocol):
    """What a handler needs of its server."""

    answer: Scripted
    calls: list[Call]

    def wait_until_over(self) -> None: ...


class Handler(BaseHTTPRequestHandler):
    script: ClassVar[Script]
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
        elif isinstance(scripted, Moved):
            has_come = call.path == scripted.to
            self.send(Answer() if has_come else Answer(302, "", {"Location": scripted.to}), call)
        else:
            self.send(scripted, call)

    def send(self, answer: Answer, call: Call) -> None:
        body = answer.encoded()
        if answer.echo:
            body += "\n".join(["", *call.headers.values()]).encode() + call.body
        self.send_response(answer.status)
        kind = "text/plain" if isinstance(answer.body, str) else "application/json"
        headers: Mapping[str, str] = {"Content-Type": kind, **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Stay silent."""

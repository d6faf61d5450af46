"""A tarpit, a web server with an odd clock or certificate, and rows of an outbox."""

from __future__ import annotations

import email.utils
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask

from portal.db import db, now
from portal.models.worker_sign import WorkerSign

Answers = dict[str, tuple[int, dict[str, str], bytes]]
WELL: Answers = {"/healthz": (200, {}, b"ok"), "/admin/": (200, {}, b"")}


@pytest.fixture
def tarpit() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def beat() -> Callable[..., None]:
    """Have a worker give a sign of life, some time ago."""

    def give(app: Flask, *, ago: timedelta = timedelta(), version: str = "0.1.0") -> None:
        with app.app_context():
            sign = uuid4()
            WorkerSign.beat(sign, started_at=now(), version=version, processes=2)
            db.session.execute(
                db.update(WorkerSign).where(WorkerSign.id == sign).values(seen_at=now() - ago)
            )
            db.session.commit()

    return give


@pytest.fixture
def public() -> Iterator[Callable[..., str]]:
    """Serve *answers* as the public URL, with a certificate and a clock that is off if wanted."""
    with ExitStack() as open_servers:

        def serve(
            answers: Answers = WELL, *, certificate: Path | None = None, clock: float = 0
        ) -> str:
            return open_servers.enter_context(_served(answers, certificate, clock))

        yield serve


@contextmanager
def _served(answers: Answers, certificate: Path | None, clock: float) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response_only(status)
            self.send_header("Date", email.utils.formatdate(time.time() + clock, usegmt=True))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # who refuses us
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"{scheme}://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def certificate(tmp_path: Path) -> Callable[..., Path]:
    """Make a certificate that nobody has signed, with its key in the same file."""

    def make(name: str = "localhost", days: int = 90) -> Path:
        path = tmp_path / f"{name}-{days}.pem"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        options = [
            "-days",
            str(days),
            "-subj",
            f"/CN={name}",
            "-addext",
            f"subjectAltName=DNS:{name}",
        ]
        files = ["-keyout", str(path), "-out", f"{path}.crt"]
        subprocess.run([*command.split(), *options, *files], check=True, capture_output=True)
        path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
        return path

    return make

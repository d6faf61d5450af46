"""Listens for Prometheus on a port apart, in one process of each `portal worker`."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn

from flask import Flask, current_app
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from portal.config import Settings
from portal.errors import SettingsError
from portal.exposition import Outbox
from portal.processes import why_not_listen

log = logging.getLogger(__name__)
SLOWEST_SCRAPER_SECONDS = 5
LOOK_EVERY_SECONDS = 0.5
RETRY_SECONDS = 2.0
FREE_WITHIN_SECONDS = 3.0
PATHS = ("/", "/metrics")


def must_be_free(found: Settings) -> None:
    """Raises SettingsError when nothing can listen on PORTAL_METRICS_PORT.

    A predecessor that was killed may need a moment to let go of it.
    """
    until = time.monotonic() + FREE_WITHIN_SECONDS
    while found.metrics_port and (complaint := _why_not(found)):
        if time.monotonic() > until:
            raise SettingsError(complaint)
        time.sleep(0.1)


def listen() -> None:
    """Listen on PORTAL_METRICS_PORT, if it is set, in a thread of this process.

    Call it in one of the processes that were forked after `metrics.share`. It listens for as long
    as the process and its parent live, so that a successor of the parent soon finds the port free.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    found: Settings = app.config["PORTAL_SETTINGS"]
    if found.metrics_port:
        threading.Thread(
            target=_listen,
            args=(app, found.metrics_host, found.metrics_port, os.getppid()),
            daemon=True,
            name="portal-metrics",
        ).start()


def _why_not(found: Settings) -> str:
    return why_not_listen(
        found.metrics_host,
        found.metrics_port,
        settings=("PORTAL_METRICS_HOST", "PORTAL_METRICS_PORT"),
    )


def _listen(app: Flask, host: str, port: int, parent: int) -> None:
    while os.getppid() == parent:
        try:
            listener = Listener(app, host, port)
        except OSError as error:
            log.error("Metrics cannot be served on port %s (%s).", port, error.strerror)
            time.sleep(RETRY_SECONDS)
            continue
        with listener:
            while os.getppid() == parent:
                listener.handle_request()


class Listener(ThreadingMixIn, TCPServer):
    """Answers scrapes, each in a thread of its own: a slow one does not delay the next."""

    allow_reuse_address = True
    daemon_threads = True
    timeout = LOOK_EVERY_SECONDS

    def __init__(self, app: Flask, host: str, port: int) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(Outbox(app))
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Scrape)

    def handle_error(self, request: object, client_address: object) -> None:
        log.info("A scrape broke off.", exc_info=True)


class _Scrape(BaseHTTPRequestHandler):
    server: Listener
    timeout = SLOWEST_SCRAPER_SECONDS

    def do_GET(self) -> None:
        if self.path.partition("?")[0] not in PATHS:
            self.send_error(404)
            return
        encode, kind = choose_encoder(self.headers.get("Accept", ""))
        body = encode(self.server.registry)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing: a scrape every few seconds is no news."""

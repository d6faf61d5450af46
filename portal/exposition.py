"""Tells Prometheus what the workers of one machine do and how the outbox is, on a port apart."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn

from flask import Flask, current_app
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from portal import metrics, queue
from portal.config import Settings
from portal.errors import SettingsError
from portal.metrics import BUCKETS, Counts, Sends
from portal.models.outbox_figures import Figures, figures
from portal.models.worker_sign import WorkerSign
from portal.probe import Probe
from portal.processes import why_not_listen

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 0.7
"""A scrape answers within a second, whoever else does not."""
FRESH_SECONDS = 0.5
SLOWEST_SCRAPER_SECONDS = 5
LOOK_EVERY_SECONDS = 0.5
RETRY_SECONDS = 2.0
FREE_WITHIN_SECONDS = 3.0
PATHS = ("/", "/metrics")


class Outbox(Collector):
    """What a scrape shows. No label ever holds an account's or a contact's name."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._figures = Probe(self._ask_database, fresh=FRESH_SECONDS)
        self._depth = Probe(self._ask_queue, fresh=FRESH_SECONDS)

    def collect(self) -> Iterator[Metric]:
        until = time.monotonic() + PATIENCE_SECONDS
        in_database, in_queue = self._figures.start(), self._depth.start()
        yield from _counted(metrics.read())
        try:
            found, workers = in_database.wait(until - time.monotonic())
        except Exception:  # it is away or busy; what it would have told is then absent
            yield _gauge("portico_database_up", DATABASE_UP, 0)
        else:
            yield _gauge("portico_database_up", DATABASE_UP, 1)
            yield from _of_outbox(found)
            yield _gauge("portico_workers", "Workers seen lately, on all machines.", workers)
        try:
            depth = in_queue.wait(until - time.monotonic())
        except Exception:  # each queue has errors of its own
            yield _gauge("portico_queue_up", QUEUE_UP, 0)
        else:
            yield _gauge("portico_queue_up", QUEUE_UP, 1)
            yield _gauge("portico_queue_depth", "Wakes that no worker has taken yet.", depth)

    def _ask_database(self) -> tuple[Figures, int]:
        with self._app.app_context():
            return figures(), len(WorkerSign.alive())

    def _ask_queue(self) -> int:
        with self._app.app_context():
            return queue.current().size()


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


DATABASE_UP = "1 when the database answers; without it, what is read from it is absent."
QUEUE_UP = "1 when the queue answers."


def _counted(counts: Counts) -> Iterator[Metric]:
    sends = CounterMetricFamily(
        "portico_sends", "Attempts, by channel and how they ended.", labels=["channel", "result"]
    )
    by_channel: dict[str, Sends] = defaultdict(Sends)
    for (channel, result), found in sorted(counts.sends.items()):
        sends.add_metric([channel, result], found.total)
        by_channel[channel] += found
    yield sends
    seconds = HistogramMetricFamily(
        "portico_send_seconds", "How long providers took for an attempt.", labels=["channel"]
    )
    bounds = [*map(str, BUCKETS), "+Inf"]
    for channel, found in by_channel.items():
        buckets = list(zip(bounds, found.cumulative, strict=True))
        seconds.add_metric([channel], buckets, found.seconds)
    yield seconds
    yield CounterMetricFamily(
        "portico_wakes_lost",
        "Messages that the sweep took up because no worker was woken for them.",
        value=counts.wakes_lost,
    )
    yield _gauge(
        "portico_worker_start_time_seconds",
        "When this `portal worker` was started, in seconds since 1970.",
        counts.since,
    )


def _of_outbox(found: Figures) -> Iterator[Metric]:
    yield _gauges(
        "portico_outbox_depth",
        "Messages that are owed, counted to 10000.",
        ["status"],
        (((status,), count) for status, count in found.depth.items()),
    )
    yield _gauge(
        "portico_outbox_oldest_due_seconds",
        "For how long the message has been due that has waited longest.",
        found.oldest_age.total_seconds(),
    )
    yield _gauges(
        "portico_outbox_trouble",
        "Messages that did not arrive in the last 24 hours, counted to 10000.",
        ["status", "cause"],
        found.failures.items(),
    )
    yield _gauges(
        "portico_channel_paused_accounts",
        "Accounts for which a channel is paused, by why: sign_in or failures.",
        ["channel", "why"],
        found.paused.items(),
    )


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)


def _gauges(
    name: str, words: str, labels: list[str], found: Iterable[tuple[tuple[str, ...], int]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=labels)
    for values, count in found:
        family.add_metric(list(map(str, values)), count)
    return family


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

"""What Prometheus is told: what the workers of one machine do, and how the outbox is."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator

from flask import Flask
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from portal import metrics, queue
from portal.metrics import BUCKETS, Counts, Sends
from portal.models.outbox_figures import Figures, figures
from portal.models.worker_sign import WorkerSign
from portal.probe import Probe

PATIENCE_SECONDS = 0.7
"""A scrape answers within a second, whoever else does not."""
FRESH_SECONDS = 0.5


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

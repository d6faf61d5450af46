"""What Prometheus fetches from a real `portal worker`."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from portal.db import db
from portal.exposition import Outbox
from portal.processes import why_not_listen
from tests.cast import Staff, World
from tests.conftest import _migrate as migrate
from tests.servers import Postgres, free_port
from tests.wait import wait_for as wait_at_most

wait_for = partial(wait_at_most, within=40)  # a worker has to start first
BUSY = """
import os, sys, time
from portal import metrics, scrapes
from portal.app import create_app
app = create_app()
metrics.share()
child = os.fork()
if child == 0:
    with app.app_context():
        scrapes.listen()
    time.sleep(60)
print(child, flush=True)
sys.stdin.read()
"""
Samples = dict[tuple[str, ...], float]
Start = Callable[..., "Running"]


class Running:
    """A `portal worker`, and what it tells."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port

    def scrape(self, path: str = "/metrics") -> str:
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            asked.request("GET", path)
            answer = asked.getresponse()
            assert answer.status == 200, answer.status
            return answer.read().decode()
        finally:
            asked.close()

    def samples(self) -> Samples:
        """Return the values by name and labels; empty while nobody listens."""
        try:
            text = self.scrape()
        except (ConnectionError, http.client.HTTPException):
            return {}
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def tells(self, *name: str) -> float | None:
        return self.samples().get(name)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Running] = []

    def run(**environment: str) -> Running:
        port = int(environment.setdefault("PORTAL_METRICS_PORT", str(free_port())))
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL")}
        process = subprocess.Popen(
            [sys.executable, "-m", "portal", "worker"],
            env={**clean, "PORTAL_HOME": str(tmp_path), "PORTAL_UNDO_ONE": "0", **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(Running(process, port))
        return running[-1]

    yield run
    for one in running:
        one.process.terminate()
        one.process.communicate(timeout=10)


def settings_of(world: World) -> dict[str, str]:
    found = world.app.config["PORTAL_SETTINGS"]
    return {
        "PORTAL_DATABASE_URL": found.database_url,
        "PORTAL_QUEUE_URL": found.queue_url,
        "PORTAL_SMTP_URL": found.smtp_url,
    }


def test_a_scrape_shows_what_all_workers_of_the_machine_did(
    world: World, ada: Staff, start: Start
) -> None:
    worker = start(**settings_of(world))
    wait_for(worker.samples)
    for number in range(8):
        ada.invites(f"c{number}@carter.example")
    wait_for(lambda: worker.tells("portico_sends_total", "email", "sent") == 8)
    wait_for(lambda: worker.tells("portico_workers") == 1)
    # A batch's ends are written, and wakes for what it took are gone, a moment after it was sent.
    found = wait_for(lambda: is_at_rest(worker.samples()), what="an empty outbox")
    assert found["portico_send_seconds_count", "email"] == 8
    assert found["portico_send_seconds_bucket", "email", "+Inf"] == 8
    assert 0 < found["portico_send_seconds_sum", "email"] < 60
    assert found["portico_outbox_oldest_due_seconds",] == 0
    assert found["portico_database_up",] == found["portico_queue_up",] == 1
    assert found["portico_wakes_lost_total",] == 0
    assert abs(found["portico_worker_start_time_seconds",] - time.time()) < 60
    told = worker.scrape("/")
    assert not [name for name in ("carter", "acme", "birch", "Ada") if name in told]


def is_at_rest(found: Samples) -> Samples | None:
    """Return the samples once nothing is owed, under way or to be woken for."""
    depths = [("portico_outbox_depth", "queued"), ("portico_outbox_depth", "sending")]
    owed = [found.get(name) for name in [*depths, ("portico_queue_depth",)]]
    return found if owed == [0, 0, 0] else None


def test_a_lost_wake_is_counted(world: World, ada: Staff, start: Start) -> None:
    """Ada invites while the queue forgets; the sweep sends it all the same."""
    ada.invites("carl@carter.example")
    with world.app.app_context():
        db.session.remove()
    world.app.extensions["portal_queue"].huey.flush()
    worker = start(**settings_of(world))
    wait_for(lambda: worker.tells("portico_sends_total", "email", "sent") == 1)
    assert (worker.tells("portico_wakes_lost_total") or 0) >= 1


def test_a_database_that_is_away_delays_no_scrape(start: Start, own_postgres: Postgres) -> None:
    url = own_postgres.create("portal")
    migrate(url)
    worker = start(PORTAL_DATABASE_URL=url, PORTAL_SMTP_URL="smtp://127.0.0.1:1")
    wait_for(lambda: worker.tells("portico_database_up") == 1)
    with own_postgres.down():
        time_limit = time.monotonic() + 1
        found = worker.samples()
        assert time.monotonic() < time_limit
        wait_for(lambda: worker.tells("portico_database_up") == 0)
        found = worker.samples()
        assert not [name for name, *_ in found if name.startswith("portico_outbox")]
        assert found["portico_queue_up",] == 1
        assert ("portico_wakes_lost_total",) in found
    wait_for(lambda: worker.tells("portico_outbox_depth", "queued") == 0)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_hangs_delays_no_scrape(make_app: Callable[..., Flask], tarpit: int) -> None:
    app = make_app(
        database_url=f"postgresql://ada@127.0.0.1:{tarpit}/portal?connect_timeout=5",
        queue_url=f"redis://127.0.0.1:{tarpit}/0?socket_timeout=5",
    )
    began = time.monotonic()
    found = {sample.name: sample.value for one in Outbox(app).collect() for sample in one.samples}
    assert time.monotonic() - began < 1
    assert (found["portico_database_up"], found["portico_queue_up"]) == (0, 0)


def test_a_sweep_that_is_busy_lets_go_of_the_port_when_its_parent_died(tmp_path: Path) -> None:
    port = free_port()
    environment = {"PORTAL_HOME": str(tmp_path), "PORTAL_METRICS_PORT": str(port)}
    parent = subprocess.Popen(
        [sys.executable, "-c", BUSY],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    busy = psutil.Process(int(parent.stdout.readline()))
    wait_for(Running(parent, port).samples)
    parent.kill()
    parent.wait()
    wait_for(lambda: not why_not_listen("127.0.0.1", port))
    assert busy.is_running()
    busy.kill()
    parent.communicate()


def test_a_port_in_use_is_named(start: Start, tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/portal.db")
    first = start()
    wait_for(first.samples)
    second = start(PORTAL_METRICS_PORT=str(first.port))
    _out, errors = second.process.communicate(timeout=20)
    assert second.process.returncode == 2
    assert errors.splitlines() == [
        f"portal: Port {first.port} of 127.0.0.1 is in use. "
        "Stop what uses it, or set PORTAL_METRICS_PORT to another one."
    ]


def test_the_successor_of_a_killed_worker_finds_the_port_free(start: Start, tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/portal.db")
    first = start()
    wait_for(first.samples)
    family = psutil.Process(first.process.pid).children()
    family[0].kill()  # whichever it is, another takes its place
    wait_for(first.samples)
    first.process.kill()
    second = start(PORTAL_METRICS_PORT=str(first.port))
    wait_for(lambda: second.process.poll() is None and second.tells("portico_workers"))

"""Workers: processes that are woken by the queue, and the sweep that needs nobody to wake it."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import Flask
from huey.consumer import BaseProcess, Consumer, Worker

from portal import plugins, queue
from portal.config import settings
from portal.db import atomic, db
from portal.errors import QueueDownError
from portal.flows.ask import answer
from portal.flows.deliver import deliver, deliver_claimed
from portal.models.delivery import Delivery
from portal.models.rate_count import RateCount
from portal.models.sign_in_request import SignInRequest

log = logging.getLogger(__name__)

GRACE = timedelta(seconds=3)
"""How long a committed row may wait for its wake before the sweep takes it up."""
SWEEP_BATCH = 200
POLL_SECONDS = 0.05
POLL_AT_MOST_SECONDS = 0.25
STOP_WITHIN_SECONDS = 4
IDLE_SECONDS = 30
"""After so long without work, connections to providers are let go of."""


def init_app(app: Flask) -> None:
    """Say what a wake means."""
    wakes = queue.init_app(
        app, app.config["PORTAL_SETTINGS"].queue_url, app.config["PORTAL_SETTINGS"].secret_keys
    )
    wakes.on("deliver", partial(_in_app, app, deliver))
    wakes.on("answer", partial(_in_app, app, answer_one))


def answer_one(request_id: int) -> None:
    """Look who asked, and go straight on to deliver: the client is waiting."""
    claim = answer(request_id)
    if claim is not None:
        deliver_claimed(claim)


def run(app: Flask, workers: int) -> None:
    """Run *workers* processes and the sweep until SIGTERM or SIGINT; finish what is held."""
    with app.app_context():
        found = queue.current()
        db.engine.dispose()
        gc.collect()
        gc.freeze()
        PorticoConsumer(
            app,
            found.huey,
            workers=workers,
            worker_type="process",
            periodic=False,
            initial_delay=POLL_SECONDS,
            max_delay=POLL_AT_MOST_SECONDS,
            health_check_interval=1,
            shutdown_timeout=STOP_WITHIN_SECONDS,
            graceful_signal="TERM",
        ).run()


def sweep() -> int:
    """Take up what nobody was woken for, or whose worker died; return how much that was."""
    requests = SignInRequest.overdue(by=GRACE, limit=SWEEP_BATCH)
    deliveries = Delivery.overdue(by=GRACE, limit=SWEEP_BATCH)
    db.session.rollback()
    for request_id in requests:
        _wake_or_do("answer", request_id)
    for delivery_id in deliveries:
        _wake_or_do("deliver", delivery_id)
    return len(requests) + len(deliveries)


def drain(limit: int = 10_000) -> int:
    """Do all that is due now, here and without the queue; return how much that was."""
    done = 0
    while done < limit:
        requests = SignInRequest.overdue(by=timedelta(), limit=SWEEP_BATCH)
        deliveries = Delivery.overdue(by=timedelta(), limit=SWEEP_BATCH)
        db.session.rollback()
        if not requests and not deliveries:
            break
        for request_id in requests:
            answer_one(request_id)
        for delivery_id in deliveries:
            deliver(delivery_id)
        done += len(requests) + len(deliveries)
    return done


def close_channels() -> None:
    """Let go of connections to providers."""
    for channel in plugins.current().channels.values():
        try:
            channel.close()
        except Exception:
            log.exception("The channel %s failed to close.", channel.id)


class PorticoWorker(Worker):  # type: ignore[misc]
    """A worker process: own database connections, and channels let go of when idle."""

    app: Flask
    parent: int
    idle_since = 0.0

    def initialize(self) -> None:
        _after_fork(self.app)
        super().initialize()

    def loop(self, now: object = None) -> None:
        _leave_without(self.parent)
        super().loop(now)

    def sleep(self) -> None:
        super().sleep()
        if time.monotonic() - self.idle_since > IDLE_SECONDS:
            self.idle_since = time.monotonic()
            with self.app.app_context():
                close_channels()

    def shutdown(self) -> None:
        with self.app.app_context():
            close_channels()
        super().shutdown()


class Sweep(BaseProcess):  # type: ignore[misc]
    """Stands where Huey's scheduler stands: we schedule by rows, not by Huey."""

    process_name = "Sweep"

    def __init__(self, app: Flask, huey: object, stop_flag: object) -> None:
        super().__init__(huey, stop_flag)
        self.app = app
        self.parent = os.getpid()

    def initialize(self) -> None:
        _after_fork(self.app)

    def loop(self, now: object = None) -> None:
        _leave_without(self.parent)
        with self.app.app_context():
            started = time.monotonic()
            try:
                sweep()
                _forget_old_counts()
            except Exception:
                # The database may be away for a while; the next round finds the same rows.
                log.exception("The sweep failed and will try again.")
            pause = settings().sweep
        self.sleep_for_interval(started, pause)


class PorticoConsumer(Consumer):  # type: ignore[misc]
    """Huey's consumer with our worker and our sweep."""

    def __init__(self, app: Flask, *args: object, **kwargs: object) -> None:
        self.app = app
        super().__init__(*args, **kwargs)

    def _create_worker(self) -> Worker:
        worker = PorticoWorker(
            huey=self.huey,
            stop_flag=self.stop_flag,
            default_delay=self.default_delay,
            max_delay=self.max_delay,
            backoff=self.backoff,
            max_tasks=self.max_tasks,
        )
        worker.app = self.app
        worker.parent = os.getpid()
        return worker

    def _create_scheduler(self) -> Sweep:
        return Sweep(self.app, self.huey, self.stop_flag)


def _in_app(app: Flask, action: Callable[[int], None], row_id: int) -> None:
    with app.app_context():
        action(row_id)


def _wake_or_do(verb: str, row_id: int) -> None:
    """A queue that is down must not stop the messages: the sweep then does the work itself."""
    try:
        queue.current().wake(verb, row_id)
    except QueueDownError:
        try:
            {"answer": answer_one, "deliver": deliver}[verb](row_id)
        except Exception:
            db.session.rollback()
            log.exception("The sweep could not %s %s; the others go on.", verb, row_id)


@atomic
def _forget_old_counts() -> None:
    RateCount.forget_ended()


def _after_fork(app: Flask) -> None:
    """Connections must not be shared with the parent process."""
    with app.app_context():
        db.engine.dispose(close=False)


def _leave_without(parent: int) -> None:
    """End between two jobs when the parent is gone: whoever starts it anew starts us anew."""
    if os.getppid() != parent:
        raise KeyboardInterrupt  # how Huey's processes are told to leave

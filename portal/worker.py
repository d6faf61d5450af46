"""Workers: processes that are woken by the queue, and the sweep that needs nobody to wake it."""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.process import BaseProcess as Process
from typing import Any

from flask import Flask
from huey.consumer import BaseProcess, Consumer, Worker

from portal import metrics, plugins, queue
from portal import sweep as sweeping
from portal.db import db
from portal.flows.ask import answer
from portal.flows.check_domain import check_domain
from portal.flows.deliver import deliver, deliver_claimed
from portal.flows.do_run import count_messages, go_on
from portal.flows.observe import HOOK, observe
from portal.flows.poll_channel import poll_channel
from portal.flows.read_run import read
from portal.flows.receive import receive
from portal.flows.take_over import take_over
from portal.flows.try_channel import try_channel
from portal.lanes import Lanes, Left, Seat, alone, lane_of
from portal.log_repeats import say_repeats_seldom
from portal.processes import signal_name

log = logging.getLogger(__name__)

POLL_SECONDS = 0.05
POLL_AT_MOST_SECONDS = 0.25
STOP_WITHIN_SECONDS = 4
RUN_SECONDS = 2.0
"""A worker goes on so long with one run before others have their turn."""
LOOK_SECONDS = 0.1
"""Between two looks for workers that died: what they held is known to their parent alone."""
IDLE_SECONDS = 30
"""After so long without work, connections to providers are let go of."""
SPARES = 8
"""So many more workers may be started while all others wait for providers that hang."""
SPARE_SECONDS = 10
"""A spare worker leaves when it was not needed for so long."""
KILLED = (signal.SIGKILL, signal.SIGTERM)
"""Signals by which people and the system end a process; any other end is the plugin's doing."""

_seat: Seat | None = None


def init_app(app: Flask) -> None:
    """Say what a wake means."""
    found = app.config["PORTAL_SETTINGS"]
    wakes = queue.init_app(app, found.queue_url, found.secret_keys)
    for verb, action in VERBS.items():
        wakes.on(verb, partial(_in_app, app, action))


def deliver_one(delivery_id: int) -> None:
    deliver(delivery_id, _seat)


def answer_one(request_id: int) -> None:
    """Look who asked, and go straight on to deliver: the client is waiting."""
    claim = answer(request_id)
    if claim is not None:
        deliver_claimed(claim, _seat)


def try_one(trial_id: int) -> None:
    _in_lane(f"try {trial_id}", lambda: try_channel(trial_id))


def poll_one(setting_id: int) -> None:
    _in_lane(f"poll {setting_id}", lambda: poll_channel(setting_id, receive))


def run_one(run_id: int) -> None:
    """Go on with a run for a while; the sweep, or the run itself, asks for the rest."""
    _in_lane(f"run {run_id}", lambda: _run_for_a_while(run_id))


def look_at_one(domain_id: int) -> None:
    _in_lane(f"domain {domain_id}", lambda: check_domain(domain_id))


def _run_for_a_while(run_id: int) -> None:
    stops = _seat.is_stopping if _seat else lambda: False
    wakes = queue.current()
    goes_on = read(run_id, seconds=RUN_SECONDS, is_alone=lambda: not stops() and wakes.is_empty())
    goes_on = go_on(run_id, seconds=RUN_SECONDS, is_stopping=stops) or goes_on
    count_messages(run_id)
    if goes_on:
        wakes.wake("run", run_id)


VERBS: dict[str, Callable[[int], None]] = {
    "answer": answer_one,
    "deliver": deliver_one,
    "try": try_one,
    "poll": poll_one,
    "run": run_one,
    "domain": look_at_one,
}


def run(app: Flask, workers: int) -> None:
    """Run *workers* processes and the sweep until SIGTERM or SIGINT; finish what is held."""
    with app.app_context():
        found = queue.current()
        metrics.share()
        db.engine.dispose()
        say_repeats_seldom()
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
            health_check_interval=LOOK_SECONDS,
            shutdown_timeout=STOP_WITHIN_SECONDS,
            graceful_signal="TERM",
        ).run()


def sweep() -> int:
    """Make one round of the sweep; return for how much workers were woken."""
    found = sweeping.Sweep(VERBS)
    woken = found.wake()
    found.chores()
    return woken


def drain() -> int:
    """Do all that is due now, here and without the queue; return how much that was."""
    return sweeping.drain(VERBS)


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
    seat: Seat
    idle_since = 0.0
    needed_at = 0.0

    def initialize(self) -> None:
        global _seat
        _seat = self.seat
        _after_fork(self.app)
        super().initialize()

    def loop(self, now: object = None) -> None:
        _leave_without(self.parent)
        if self.is_spare and not self._is_needed():
            raise KeyboardInterrupt  # as in _leave_without
        super().loop(now)

    @property
    def is_spare(self) -> bool:
        return self.seat.number >= self.seat.lanes.workers

    def _is_needed(self) -> bool:
        lanes = self.seat.lanes
        if not self.needed_at or lanes.all_wait(range(lanes.workers)):
            self.needed_at = time.monotonic()
        return time.monotonic() - self.needed_at < SPARE_SECONDS

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


class Rounds(BaseProcess):  # type: ignore[misc]
    """A process that does the same every second; a round that fails is followed by the next."""

    failed: str
    """What the log says of a round that failed."""

    def __init__(self, app: Flask, huey: object, stop_flag: object) -> None:
        super().__init__(huey, stop_flag)
        self.app = app
        self.parent = os.getpid()

    def initialize(self) -> None:
        _after_fork(self.app)

    def loop(self, now: object = None) -> None:
        _leave_without(self.parent)
        started = time.monotonic()
        with self.app.app_context():
            try:
                self.round()
            except Exception:
                # The database may be away for a while; the next round finds the same rows.
                log.exception(self.failed)
        self.sleep_for_interval(started, sweeping.ROUND_SECONDS)

    def round(self) -> None:
        raise NotImplementedError


class Sweep(Rounds):
    """Stands where Huey's scheduler stands: we schedule by rows, not by Huey."""

    process_name = "Sweep"
    failed = "The sweep failed and will try again."

    def initialize(self) -> None:
        super().initialize()
        self.sweep = sweeping.Sweep(VERBS)

    def round(self) -> None:
        self.sweep.round()


class Observer(Rounds):
    """Tells plugins of events, in a process of its own: one that hangs stops no message."""

    process_name = "Observer"
    failed = "Plugins could not be told of events; that is tried again."

    def round(self) -> None:
        observe()


class PorticoConsumer(Consumer):  # type: ignore[misc]
    """Huey's consumer with our workers and our sweep; it writes the ends of those that died."""

    observer: Process | None = None

    def __init__(self, app: Flask, *args: object, workers: int, **kwargs: object) -> None:
        self.app = app
        home = app.config["PORTAL_SETTINGS"].home
        self.lanes = Lanes(workers, SPARES, folder=home, database=str(db.engine.url))
        self._numbers = iter(range(workers))
        super().__init__(*args, workers=workers, **kwargs)

    def loop(self, health_check_ts: float | None = None) -> float | None:
        found: float | None = super().loop(health_check_ts)
        self._stand_in()
        return found

    def check_worker_health(self) -> bool:
        """Replace the workers that died, each after what it held was dealt with."""
        are_well = True
        for place, (worker, process) in reversed([*enumerate(self.worker_threads)]):
            if self.environment.is_alive(process):
                continue
            number = worker.seat.number
            if worker.is_spare:
                del self.worker_threads[place]
            are_well = False
            self._take_over(number, process)
            if not worker.is_spare:
                self.worker_threads[place] = self._start_worker(number)
        if self.observer is not None and not self.environment.is_alive(self.observer):
            log.warning("The process that tells plugins of events died and is started anew.")
            self._start_observer()
        if not self.environment.is_alive(self.scheduler):
            are_well = False
            log.warning("The sweep died and is started anew.")
            self._start_sweep()
        return are_well

    def _stand_in(self) -> None:
        """Start a spare worker while all others wait for providers: one of several that hang at
        once, or that hang for the first time, must not keep everybody else waiting."""
        taken = {worker.seat.number for worker, _process in self.worker_threads}
        if not self.lanes.all_wait(taken):
            return
        free = set(range(self.lanes.workers + SPARES)) - taken
        if free:
            log.warning("All workers wait for providers; another one stands in.")
            self.worker_threads.append(self._start_worker(min(free)))

    def _start_worker(self, number: int) -> tuple[Worker, Process]:
        self._numbers = iter((number,))
        worker = self._create_worker()
        process = self._create_process(worker, f"Worker-{number + 1}")
        process.start()
        return worker, process

    def start(self) -> None:
        for left in self.lanes.left_behind:
            log.warning("Workers were killed with all others; what they held is taken over.")
            self._write_ends(left, "killed", is_plugins_fault=False)
        super().start()
        if plugins.current().implementers(HOOK):
            self._start_observer()

    def _start_observer(self) -> None:
        observer = Observer(self.app, self.huey, self.stop_flag)
        self.observer = self._create_process(observer, "Observer")
        self.observer.start()

    def _join_workers(self) -> bool:
        has_stopped: bool = super()._join_workers()
        if self.observer is not None and self.environment.is_alive(self.observer):
            self.observer.kill()  # what it was telling, it tells again
        return has_stopped

    def _start_sweep(self) -> None:
        self.scheduler: Any = self._create_process(self._create_scheduler(), "Scheduler")
        self.scheduler.start()

    def _take_over(self, number: int, process: Process) -> None:
        how = _how_it_ended(process.exitcode or 0)
        log.warning("Worker %d ended (%s).", number + 1, how)
        was_killed = -(process.exitcode or 0) in KILLED
        self._write_ends(self.lanes.left_by(number), how, is_plugins_fault=not was_killed)

    def _write_ends(self, left: Left, how: str, *, is_plugins_fault: bool) -> None:
        with self.app.app_context():
            try:
                take_over(left, how=how, is_plugins_fault=is_plugins_fault)
            except Exception:
                # Its leases run out, and then the sweep finds what it held.
                log.exception("What the worker held could not be taken over at once.")
            finally:
                db.session.remove()
                db.engine.dispose()

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
        worker.seat = Seat(self.lanes, next(self._numbers), self.stop_flag.is_set)
        return worker

    def _create_scheduler(self) -> Sweep:
        return Sweep(self.app, self.huey, self.stop_flag)


def _how_it_ended(exit_code: int) -> str:
    if exit_code < 0:
        return signal_name(-exit_code)
    return f"exit status {exit_code}"


def _in_lane(name: str, act: Callable[[], object]) -> None:
    """Do what may take long while a worker is left for everybody else; the sweep asks again."""
    lanes, number, _ = _seat or alone()
    if not lanes.enter(number, lane_of(0, name)):
        return
    try:
        act()
    finally:
        lanes.leave(number)


def _in_app(app: Flask, action: Callable[[int], None], row_id: int) -> None:
    with app.app_context():
        action(row_id)


def _after_fork(app: Flask) -> None:
    """Connections must not be shared with the parent process."""
    with app.app_context():
        db.engine.dispose(close=False)


def _leave_without(parent: int) -> None:
    """End between two jobs when the parent is gone: whoever starts it anew starts us anew."""
    if os.getppid() != parent:
        raise KeyboardInterrupt  # how Huey's processes are told to leave

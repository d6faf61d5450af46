"""Processes are killed while messages go out: nothing acknowledged is lost."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from flask import Flask

from portal.db import db, now
from portal.flows.invite import invite
from portal.models.account import Account
from portal.models.delivery import Delivery, Status
from portal.models.staff import Staff as StaffRow
from tests.faults.conftest import all_gone, look_for_few, processes_of, repeats
from tests.faults.poster import Poster
from tests.live import Portico
from tests.postman import Postman
from tests.wait import wait_for

SENDS = 500
LEASE = 20


def test_500_sends_survive_four_kills(
    database: str,
    start: Callable[..., Portico],
    make_app: Callable[..., Flask],
    postman: Postman,
) -> None:
    running = start(PORTAL_DATABASE_URL=database, PORTAL_LEASE=str(LEASE))
    outbox = make_app()
    poster = Poster(running)
    with ThreadPoolExecutor(4) as browsers:
        posted = browsers.map(poster.posts, [f"c{n}@carter.example" for n in range(SENDS)])
        victims = [("worker", 2), ("worker", 0), ("web", 1), ("web", 0)]
        for count, (verb, which) in enumerate(victims, start=1):
            _letters_are(postman, count * 80, within=60)
            _kill(running, verb, which)
        acknowledged = {address for address in posted if address}
    assert len(acknowledged) > SENDS * 0.9
    wait_for(lambda: _only_the_killed_are_left(outbox), within=60)
    _let_leases_run_out(outbox)
    wait_for(lambda: acknowledged <= {letter.to[0] for letter in postman.letters}, within=20)
    wait_for(lambda: _pending(outbox) == [], within=20)
    assert repeats(postman) <= len(victims)
    log = "\n".join(running.log)
    assert "Worker 1 ended (SIGKILL)." in log
    assert "Unexpected exit from worker-1" in log
    assert "portal worker ended (killed by SIGKILL); starting it again in 0.5 s." in log
    assert "portal web ended (killed by SIGKILL); starting it again in 0.5 s." in log
    assert "Traceback" not in log
    look_for_few(20)


def test_a_stop_in_the_middle_loses_nothing_and_leaves_nothing_running(
    database: str,
    start: Callable[..., Portico],
    make_app: Callable[..., Flask],
    postman: Postman,
) -> None:
    """SIGTERM, then a kill -9 of the supervisor, then Ctrl-C; each time there is work left."""
    running = start(PORTAL_DATABASE_URL=database)
    _invite(make_app(), 200)
    for signal_number, letters in ((signal.SIGTERM, 20), (signal.SIGKILL, 80)):
        _letters_are(postman, letters, within=30)
        processes = processes_of(running)
        asked = time.monotonic()
        running.process.send_signal(signal_number)
        assert running.process.wait(5) == (-9 if signal_number == signal.SIGKILL else 0)
        all_gone(processes, within=12)
        assert time.monotonic() - asked < 5 or signal_number == signal.SIGKILL
        running = start(PORTAL_DATABASE_URL=database)
    wait_for(lambda: len({one.to[0] for one in postman.letters}) == 200, within=30)
    processes = processes_of(running)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(5) == 0
    all_gone(processes, within=1)
    assert "Traceback" not in "\n".join(running.log)
    assert repeats(postman) <= 1
    look_for_few(20)


def test_a_part_that_keeps_dying_is_restarted_after_growing_pauses(
    start: Callable[..., Portico],
) -> None:
    running = start()
    for pause in ("0.5", "1"):
        wait_for(lambda: len(running.children("worker")) == 4, what="the part and its processes")
        orphans = running.children("worker")[1:]
        running.children("worker")[0].kill()
        all_gone(orphans, within=10)
        _says(running, f"portal worker ended (killed by SIGKILL); starting it again in {pause} s.")
    wait_for(lambda: running.children("worker"), within=15)
    assert len(running.lines) == 3, "its output is for the lines that other programs read"


def test_a_web_process_that_hears_nothing_ends_with_its_part(start: Callable[..., Portico]) -> None:
    """As one does whose server is locked up: what it holds in the database would stay held."""
    running = start()
    wait_for(lambda: len(running.children("web")) > 1, what="a web process")
    part, process = running.children("web")[:2]
    process.suspend()
    part.kill()
    all_gone([process], within=5)


def _letters_are(postman: Postman, count: int, *, within: float) -> None:
    wait_for(lambda: len(postman.letters) >= count, within=within, what=f"{count} letters")


def _kill(running: Portico, verb: str, which: int) -> None:
    """Kill the part itself (0) or one of its own processes, as soon as it is there."""
    wait_for(lambda: len(running.children(verb)) > which, what=f"{verb} process {which}")
    running.children(verb)[which].kill()


def _says(running: Portico, line: str) -> None:
    wait_for(lambda: line in running.log, what=line)


def _invite(app: Flask, count: int) -> None:
    with app.app_context():
        account, ada = Account.by_slug("acme"), StaffRow.by_email("ada@acme.example")
        assert account
        assert ada
        for number in range(count):
            invite(account, f"c{number}@carter.example", by=ada)


def _pending(app: Flask) -> list[Delivery]:
    with app.app_context():
        rows = db.session.scalars(
            db.select(Delivery).where(Delivery.status.in_((Status.QUEUED, Status.SENDING)))
        )
        return list(rows)


def _only_the_killed_are_left(app: Flask) -> bool:
    long_ago = now() + timedelta(seconds=LEASE - 3)
    return all(one.lease_until and one.lease_until < long_ago for one in _pending(app))


def _let_leases_run_out(app: Flask) -> None:
    """What the clock would do by itself a little later."""
    with app.app_context():
        db.session.execute(
            db.update(Delivery).where(Delivery.status == Status.SENDING).values(lease_until=now())
        )
        db.session.commit()

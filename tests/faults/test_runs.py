"""A run of a thousand: its worker is killed in the middle, it is paused, and nobody is left out."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from portal.db import db, now
from portal.flows import new_run, read_run, steer_run
from portal.models import Account, Delivery, Run
from portal.models import Staff as StaffRow
from portal.models.delivery import Status
from portal.models.run import What
from tests.faults.conftest import look_for_few, repeats
from tests.live import Portico
from tests.postman import Postman
from tests.wait import wait_for

PEOPLE = 1000
VICTIMS = ((20, 2), (120, 1), (240, 0))
"""After so many letters a worker, the other one, and the process that looks after them."""


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_thousand_are_mailed_once_although_workers_are_killed(
    database: str,
    start: Callable[..., Portico],
    make_app: Callable[..., Flask],
    postman: Postman,
) -> None:
    running = start(PORTAL_DATABASE_URL=database, PORTAL_LEASE="20")
    app = make_app()
    with app.app_context():
        account, ada = Account.by_slug("acme"), StaffRow.by_email("ada@acme.example")
        assert account
        assert ada
        lines = "\n".join(f"p{n}@people.example" for n in range(PEOPLE))
        run = new_run.run_of_file(
            account, io.BytesIO(f"E-mail\n{lines}\n".encode()), "a.csv", What.INVITE, by=ada
        )
        run = new_run.choose_columns(account, run, run.shape["fields"], has_head=True)
        read_run.read(run.id, seconds=60)
        run = found(account, run)
        steer_run.begin(account, run, run.plan, by=ada)
        for letters, which in VICTIMS:
            wait_for(lambda count=letters: len(postman.letters) >= count, within=20)
            running.children("worker")[which].kill()
        assert 0 < found(account, run).done < PEOPLE, "in the middle"
        steer_run.pause(account, run, by=ada)
        paused = found(account, run).done
        time_of_two_rounds()
        assert found(account, run).done == paused
        steer_run.resume(account, found(account, run), by=ada)
        wait_for(lambda: found(account, run).status == "done", within=30)
        let_leases_run_out()
        wait_for(lambda: len({one.to[0] for one in postman.letters}) == PEOPLE, within=40)
        each = Counter(db.session.scalars(db.select(Delivery.contact_id)))
        assert len(each) == PEOPLE
        assert set(each.values()) == {1}, "one message each"
    # What a killed worker was just handing over goes again, with the same Message-ID and link.
    assert repeats(postman) <= len(VICTIMS)
    look_for_few(20)


def found(account: Account, run: Run) -> Run:
    db.session.rollback()
    again = Run.find(account.id, run.id)
    assert again
    db.session.expunge(again)
    db.session.rollback()
    return again


def time_of_two_rounds() -> None:
    """Let the sweep, which looks each second, have the chance to do what it must not."""
    until = time.monotonic() + 2
    wait_for(lambda: time.monotonic() > until)


def let_leases_run_out() -> None:
    """What the clock would do by itself a little later."""
    wait_for(lambda: pending_and_alive() == 0, within=25)
    db.session.execute(
        db.update(Delivery)
        .where(Delivery.status == Status.SENDING, Delivery.lease_until < now() + LONG)
        .values(lease_until=now())
    )
    db.session.commit()


LONG = timedelta(seconds=17)


def pending_and_alive() -> int:
    """How many messages a living worker still has in hand or before it."""
    fresh = db.select(db.func.count()).where(
        (Delivery.status == Status.QUEUED)
        | ((Delivery.status == Status.SENDING) & (Delivery.lease_until > now() + LONG))
    )
    count = db.session.scalar(fresh.select_from(Delivery)) or 0
    db.session.rollback()
    return int(count)

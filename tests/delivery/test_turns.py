"""When a message goes: after its undo window, at the hour staff chose, and in its turn."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.channel import SendRequest, Sent, TemporaryError
from portal.db import db
from portal.flows.deliver import deliver
from portal.flows.invite import invite
from portal.flows.login_email import send_login_emails
from portal.flows.outbox import cancel, retry, send_now
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import Delivery, Status
from portal.models.magic_link import MagicLink
from portal.models.staff import Staff as StaffRow
from tests.cast import Client, World
from tests.delivery.conftest import Clock
from tests.delivery.provider import (
    Provider,
    clients,
    deliveries,
    owe,
    raises,
    takes,
    the_delivery,
    the_link,
)

SECOND = timedelta(seconds=1)


class Desk:
    """What Ada does with the outbox of Acme."""

    def __init__(self, world: World) -> None:
        self.app = world.app

    def does(self, act: Callable[[Account, StaffRow], Any]) -> Any:
        with self.app.app_context():
            account, ada = Account.by_slug("acme"), StaffRow.by_email("ada@acme.example")
            assert account
            assert ada
            return act(account, ada)

    def cancels(self, delivery_id: int) -> int:
        return int(self.does(lambda account, by: cancel(account, [delivery_id], by=by)))

    def hurries(self, delivery_id: int) -> int:
        return int(self.does(lambda account, by: send_now(account, [delivery_id], by=by)))

    def retries(self, delivery_id: int) -> bool:
        def again(account: Account, by: StaffRow) -> bool:
            found = Delivery.find(account.id, delivery_id)
            return found is not None and retry(account, found, by=by)

        return bool(self.does(again))


@pytest.fixture
def undo(make_world: Callable[..., World]) -> World:
    """An installation with the undo windows as they come."""
    world: World = make_world(undo_one=10, undo_bulk=60)
    return world


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def test_one_message_waits_ten_seconds_and_its_life_begins_then(undo: World, clock: Clock) -> None:
    provider = Provider.of(undo.app)
    owe(undo.app, "carl@carter.example")
    clock.goes_on(seconds=9.9)
    undo.worker.drains()
    assert provider.requests == []
    clock.goes_on(seconds=0.1)
    undo.worker.drains()
    assert len(provider.requests) == 1
    assert the_link(undo.app).expires_at == clock.now + timedelta(days=7)


def test_many_wait_a_minute(undo: World, clock: Clock) -> None:
    provider = Provider.of(undo.app)
    owe(undo.app, *clients(3))
    clock.goes_on(seconds=10)
    undo.worker.drains()

    def write(account: Account, ada: StaffRow) -> None:
        found = list(db.session.scalars(db.select(Contact)))
        send_login_emails(account, found, by=ada)

    Desk(undo).does(write)
    clock.goes_on(seconds=59.9)
    undo.worker.drains()
    assert len(provider.requests) == 3
    clock.goes_on(seconds=0.1)
    undo.worker.drains()
    assert len(provider.requests) == 6


def test_what_a_client_asks_for_never_waits(undo: World, clock: Clock) -> None:
    provider = Provider.of(undo.app)
    owe(undo.app, "carl@carter.example")
    clock.goes_on(seconds=10)
    undo.worker.drains()
    Client(undo, "carl@carter.example", "acme").asks_for_link()
    undo.worker.drains()
    assert [one.kind for one in provider.requests] == ["invite", "self"]


def test_taken_back_in_time_it_never_goes_and_too_late_is_too_late(
    undo: World, clock: Clock
) -> None:
    provider, desk = Provider.of(undo.app), Desk(undo)
    first, second = owe(undo.app, *clients(2))
    assert desk.cancels(first) == 1
    assert desk.cancels(first) == 0
    clock.goes_on(seconds=10)
    undo.worker.drains()
    assert desk.cancels(second) == 0
    assert [one.status for one in deliveries(undo.app)] == [Status.CANCELLED, Status.SENT]
    assert len(provider.requests) == 1


def test_of_a_worker_and_staff_one_wins(world: World, desk: Desk) -> None:
    """Ada presses Undo in the moment in which the worker takes the message."""
    Provider.of(world.app)
    for number in range(6):
        (delivery_id,) = owe(world.app, f"client{number}@carter.example")
        start = threading.Barrier(2, timeout=10)

        def take(number: int = delivery_id, start: threading.Barrier = start) -> None:
            with world.app.app_context():
                start.wait()
                deliver(number)

        def undo(number: int = delivery_id, start: threading.Barrier = start) -> int:
            start.wait()
            return desk.cancels(number)

        with ThreadPoolExecutor(2) as both:
            both.submit(take)
            won = both.submit(undo).result()
        world.worker.drains()
        status = deliveries(world.app)[-1].status
        assert status == (Status.CANCELLED if won else Status.SENT)


def test_send_now_ends_the_wait(undo: World, clock: Clock) -> None:
    provider = Provider.of(undo.app)
    (delivery_id,) = owe(undo.app, "carl@carter.example")
    assert Desk(undo).hurries(delivery_id) == 1
    undo.worker.drains()
    assert len(provider.requests) == 1
    assert Desk(undo).hurries(delivery_id) == 0


def test_a_message_for_monday_goes_on_monday(undo: World, clock: Clock) -> None:
    provider, monday = Provider.of(undo.app), clock.now + timedelta(days=3)
    Desk(undo).does(lambda acme, ada: invite(acme, "c@carter.example", by=ada, send_at=monday))
    clock.goes_to(monday - SECOND)
    undo.worker.drains()
    assert provider.requests == []
    clock.goes_to(monday)
    undo.worker.drains()
    assert len(provider.requests) == 1
    assert the_link(undo.app).expires_at == monday + timedelta(days=7)


def test_what_was_taken_back_goes_again_with_the_same_link_while_that_lives(
    world: World, desk: Desk, clock: Clock
) -> None:
    provider = Provider.of(world.app)
    (delivery_id,) = owe(world.app, "carl@carter.example")
    link = _link(world)
    desk.cancels(delivery_id)
    assert desk.retries(delivery_id)
    world.worker.drains()
    assert provider.requests[0].link.endswith(link)
    assert not desk.retries(delivery_id), "it has gone out"


def test_a_dead_link_is_not_sent_again(world: World, desk: Desk, clock: Clock) -> None:
    Provider.of(world.app)
    (delivery_id,) = owe(world.app, "carl@carter.example")
    desk.cancels(delivery_id)
    clock.goes_on(days=8)
    assert not desk.retries(delivery_id)
    assert the_delivery(world.app).status == Status.CANCELLED


def _link(world: World) -> str:
    with world.app.app_context():
        return db.session.scalars(db.select(MagicLink)).one().token()


def sends(provider: Provider, clock: Clock) -> list[datetime]:
    """Note when each message goes."""
    times: list[datetime] = []

    def note(request: SendRequest) -> Sent:
        times.append(clock.now)
        return takes(request)

    provider.does = [note]
    return times


def _runs(world: World, clock: Clock, until: int, times: list[datetime]) -> None:
    for _ in range(until * 3):
        world.worker.drains()
        waiting = [one.due_at for one in deliveries(world.app) if not one.finished_at]
        if not waiting:
            return
        clock.goes_to(max(clock.now, min(waiting)))
    raise AssertionError(f"only {len(times)} went")


def test_a_channel_keeps_its_pace_exactly(world: World, clock: Clock) -> None:
    times = sends(Provider.of(world.app, rate=60), clock)
    owe(world.app, *clients(8))
    owe(world.app, *clients(3), slug="birch")
    began = clock.now
    _runs(world, clock, 11, times)
    assert times == sorted([began + SECOND * n for n in (*range(8), *range(3))])


def test_a_mail_domain_gets_no_more_than_it_may(
    make_world: Callable[..., World], clock: Clock
) -> None:
    world: World = make_world(pace_per_domain=30)
    times = sends(Provider.of(world.app), clock)
    owe(world.app, *clients(4), *clients(2, "other.example"))
    began = clock.now
    _runs(world, clock, 6, times)
    assert times == sorted(began + 2 * SECOND * n for n in (0, 1, 2, 3, 0, 1))


def test_many_workers_share_one_pace(world: World, clock: Clock) -> None:
    times = sends(Provider.of(world.app, rate=60, idempotent=False), clock)
    ids = owe(world.app, *clients(12))

    def take(delivery_id: int) -> None:
        with world.app.app_context():
            deliver(delivery_id)

    with ThreadPoolExecutor(6) as many:
        list(many.map(take, ids))
    assert len(times) == 1
    slots = sorted(one.slot_at for one in deliveries(world.app) if one.slot_at)
    assert [slot - times[0] for slot in slots] == [SECOND * n for n in range(1, 12)]


def test_one_that_was_taken_back_leaves_the_turns_of_the_others(
    world: World, desk: Desk, clock: Clock
) -> None:
    times = sends(Provider.of(world.app, rate=60), clock)
    ids = owe(world.app, *clients(4))
    began = clock.now
    world.worker.drains()
    desk.cancels(ids[1])
    _runs(world, clock, 4, times)
    assert [at - began for at in times] == [SECOND * 0, SECOND * 2, SECOND * 3]


def test_what_failed_takes_another_turn(world: World, clock: Clock) -> None:
    """The provider slows us down: what comes back must not come back all at once."""
    full = raises(TemporaryError("Slow down.", cause="mailbox_full", retry_after=120))
    provider = Provider.of(world.app, full, rate=60)
    owe(world.app, *clients(5))
    for _ in range(5):
        world.worker.drains()
        clock.goes_on(seconds=1)
    assert len(provider.requests) == 5
    times = sends(provider, clock)
    clock.goes_on(minutes=3)
    _runs(world, clock, 5, times)
    assert [at - times[0] for at in times] == [SECOND * n for n in range(5)]


def test_nobody_waits_for_a_turn_beyond_the_link(
    make_world: Callable[..., World], clock: Clock
) -> None:
    world: World = make_world(life_invite=3600)
    times = sends(Provider.of(world.app, rate=0.02), clock)
    owe(world.app, *clients(4))
    began = clock.now
    _runs(world, clock, 4, times)
    assert times == [began, began + 50 * 60 * SECOND]
    assert clock.now == began + timedelta(hours=1)
    assert sorted(one.status for one in deliveries(world.app)) == [
        Status.EXPIRED,
        Status.EXPIRED,
        Status.SENT,
        Status.SENT,
    ]


def test_turns_that_a_pause_swallowed_are_taken_anew(world: World, clock: Clock) -> None:
    down = raises(TemporaryError("The mail server does not answer.", cause="unreachable"))
    provider = Provider.of(world.app, takes, *[down] * 5, rate=60)
    owe(world.app, *clients(30))
    for _ in range(60):
        world.worker.drains()
        clock.goes_on(seconds=1)
    assert len(provider.requests) == 6, "the channel rests"
    times = sends(provider, clock)
    clock.goes_on(seconds=10)
    _runs(world, clock, 40, times)
    assert len(times) == 29
    assert len(set(times)) >= 28, "the probe is in nobody's way, and takes no turn"


def test_turns_that_nobody_was_there_for_are_taken_anew(world: World, clock: Clock) -> None:
    provider = Provider.of(world.app, rate=60)
    owe(world.app, *clients(30))
    world.worker.drains()
    clock.goes_on(minutes=5)
    times = sends(provider, clock)
    _runs(world, clock, 40, times)
    assert [at - times[0] for at in times] == [SECOND * n for n in range(29)]


def test_send_now_is_no_way_round_the_pace(world: World, desk: Desk, clock: Clock) -> None:
    times = sends(Provider.of(world.app, rate=60), clock)
    ids = owe(world.app, *clients(5))
    world.worker.drains()
    assert [desk.hurries(one) for one in ids] == [0, 1, 1, 1, 1]
    _runs(world, clock, 5, times)
    assert [at - times[0] for at in times] == [SECOND * n for n in range(5)]

"""A message that was put off goes out when its time comes, on either database."""

from __future__ import annotations

from datetime import timedelta

from portal import worker as workers
from portal.db import db, now
from portal.models import outbox
from portal.models.delivery import Delivery, Status
from tests.cast import Staff, World
from tests.delivery.conftest import Clock
from tests.delivery.provider import Provider, the_delivery


def test_what_was_held_goes_out_when_the_pause_is_over(
    world: World, ada: Staff, clock: Clock
) -> None:
    provider = Provider.of(world.app)
    ada.invites("carl@carter.example")
    hold_all(world, timedelta(seconds=30))
    assert work(world) == 0
    assert (the_delivery(world.app).held, provider.requests) == (True, [])
    clock.goes_on(seconds=31)
    assert work(world) == 1
    assert the_delivery(world.app).status == Status.SENT


def test_nothing_is_held_past_its_own_end(world: World, ada: Staff) -> None:
    ada.invites("carl@carter.example")
    hold_all(world, timedelta(days=30))
    delivery = the_delivery(world.app)
    assert delivery.due_at == delivery.deadline_at


def hold_all(world: World, time: timedelta) -> None:
    with world.app.app_context():
        account_id, channel = db.session.execute(
            db.select(Delivery.account_id, Delivery.channel)
        ).one()
        outbox.hold(account_id, channel, now() + time)
        db.session.commit()


def work(world: World) -> int:
    with world.app.app_context():
        return workers.drain()

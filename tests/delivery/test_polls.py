"""Receipts that are fetched: in time, by one process, and believed for the whole key only."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from portal.channel import Caps, Receipt, SendRequest, Sent, Settings, TemporaryError
from portal.db import db
from portal.flows.poll_channel import THE_INSTALLATION, poll_channel, to_poll
from portal.flows.receive import receive
from portal.models.delivery import Status
from portal.models.plugin_fault import PluginFault
from tests.cast import World
from tests.delivery.conftest import Clock
from tests.delivery.provider import Provider, _rows, deliveries, owe


class Polled(Provider):
    """A provider whose receipts are fetched every minute, by the operator for everybody."""

    def __init__(self, receipts: list[Receipt]) -> None:
        super().__init__([self._takes], Caps(address="email", idempotent=True, polls=60))
        self.receipts, self.polls = receipts, 0
        self.fails: BaseException | None = None
        self._count = threading.Lock()

    @staticmethod
    def _takes(request: SendRequest) -> Sent:
        return Sent(provider_id=f"id of {request.to}")

    def poll(self, settings: Settings) -> Iterable[Receipt]:
        with self._count:
            self.polls += 1
        if self.fails:
            raise self.fails
        return self.receipts


def polled(app: Flask, *receipts: Receipt) -> Polled:
    channel = Polled(list(receipts))
    app.extensions["portal_plugins"].channels["email"] = channel
    return channel


def polls(app: Flask) -> None:
    with app.app_context():
        for one in to_poll():
            poll_channel(one, receive)


def test_a_receipt_for_everybody_is_believed_for_the_whole_key_only(
    world: World, clock: Clock
) -> None:
    channel = polled(world.app)
    owe(world.app, "carl@carter.example", "cora@carter.example")
    world.worker.drains()
    carl, cora = deliveries(world.app)
    forged = (
        Receipt("bounced", provider_id="id of carl@carter.example"),
        Receipt("bounced", key=f"delivery-{carl.id}-{'0' * 32}"),
        Receipt("bounced", key=f"delivery-{carl.id}-{cora.link_id.hex}"),
        Receipt("bounced", key=f"delivery-{carl.id}"),
        Receipt("bounced", key=f"delivery-{carl.id}-{carl.link_id.hex}0"),
        Receipt("bounced", key=f" delivery-{carl.id}-{carl.link_id.hex}"),
        Receipt("bounced", key=f"delivery-{10**17}-{carl.link_id.hex}"),
    )
    channel.receipts = [*forged, Receipt("bounced", key=f"delivery-{cora.id}-{cora.link_id.hex}")]
    polls(world.app)
    assert [one.status for one in deliveries(world.app)] == [Status.SENT, Status.BOUNCED]


def test_of_many_processes_one_polls_each_minute(world: World, clock: Clock) -> None:
    channel = polled(world.app)

    def poll(_n: int) -> None:
        with world.app.app_context():
            poll_channel(THE_INSTALLATION, receive)

    for minute in range(1, 4):
        with ThreadPoolExecutor(6) as many:
            list(many.map(poll, range(12)))
        assert channel.polls == minute
        clock.goes_on(seconds=59)
        polls(world.app)
        assert channel.polls == minute
        clock.goes_on(seconds=1)


def test_a_poll_that_fails_is_told_and_tried_again_a_minute_later(
    world: World, clock: Clock
) -> None:
    channel = polled(world.app)
    for error in (TemporaryError("The mailbox is away."), ZeroDivisionError("oops")):
        channel.fails = error
        before = channel.polls
        polls(world.app)
        polls(world.app)
        assert channel.polls == before + 1
        clock.goes_on(minutes=1)
    (fault,) = _rows(world.app, db.select(PluginFault))
    assert fault.hook == "poll"
    channel.fails = None
    polls(world.app)
    assert channel.polls == 3


def test_polls_go_on_after_the_clock_was_put_back(world: World, clock: Clock) -> None:
    channel = polled(world.app)
    polls(world.app)
    clock.goes_on(hours=-25)
    polls(world.app)
    assert channel.polls == 2
    polls(world.app)
    assert channel.polls == 2

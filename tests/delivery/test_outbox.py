"""A delivery is committed with what caused it, taken by one worker, and cancelled in time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.channel import AmbiguousError, PermanentError, SendRequest, Sent, TemporaryError
from portal.db import db
from portal.flows.deliver import deliver
from portal.models.contact import Contact
from portal.models.delivery import Status
from portal.models.magic_link import MagicLink
from tests.cast import Client, Staff, World
from tests.delivery.conftest import Clock
from tests.delivery.provider import Provider, deliveries, events, raises, takes, the_delivery

LEASE = 60


def test_an_invitation_is_on_disk_when_the_page_says_so(world: World, ada: Staff) -> None:
    ada.invites("carl@carter.example").sees("is on its way")
    delivery = the_delivery(world.app)
    assert (delivery.status, delivery.attempts) == (Status.QUEUED, 0)
    assert [event.delivery_id for event in events(world.app, "invited")] == [delivery.id]


def test_an_invitation_that_fails_halfway_leaves_nothing(world: World, ada: Staff) -> None:
    """The history is the last thing that inviting writes; here it cannot be written."""
    with world.app.app_context():
        db.session.execute(db.text("ALTER TABLE event RENAME TO elsewhere"))
        db.session.commit()
    assert ada.invites("carl@carter.example").status >= 500
    with world.app.app_context():
        db.session.execute(db.text("ALTER TABLE elsewhere RENAME TO event"))
        db.session.commit()
        assert db.session.scalars(db.select(Contact)).all() == []
        assert db.session.scalars(db.select(MagicLink)).all() == []
    assert deliveries(world.app) == []
    assert world.app.extensions["portal_queue"].size() == 0


def test_many_workers_send_each_message_once(world: World, ada: Staff) -> None:
    provider = Provider.of(world.app)
    for number in range(12):
        ada.invites(f"client{number}@carter.example")
    ids = [delivery.id for delivery in deliveries(world.app)]

    def take(delivery_id: int) -> None:
        with world.app.app_context():
            deliver(delivery_id)

    with ThreadPoolExecutor(8) as many:
        list(many.map(take, ids * 6))
    assert sorted(request.to for request in provider.requests) == sorted(
        f"client{number}@carter.example" for number in range(12)
    )
    assert {(one.status, one.attempts) for one in deliveries(world.app)} == {(Status.SENT, 1)}


def test_no_transaction_is_open_while_the_provider_thinks(world: World, ada: Staff) -> None:
    seen: list[tuple[bool, int]] = []

    def look(_request: SendRequest) -> Sent:
        seen.append((db.session().in_transaction(), db.engine.pool.checkedout()))  # type: ignore[attr-defined]
        return Sent()

    Provider.of(world.app, look)
    ada.invites("carl@carter.example")
    world.worker.drains()
    assert seen == [(False, 0)]


@pytest.mark.parametrize(
    "late",
    [takes, raises(TemporaryError("too slow")), raises(PermanentError("no such address"))],
    ids=["taken", "temporary", "permanent"],
)
def test_a_stalled_worker_is_replaced_and_its_late_answer_ignored(
    world: World, ada: Staff, clock: Clock, late: Callable[[SendRequest], Sent]
) -> None:
    def stall(request: SendRequest) -> Sent:
        clock.goes_on(seconds=LEASE - 1)
        world.worker.drains()
        assert len(provider.requests) == 1, "taken over while the lease still ran"
        clock.goes_on(seconds=1)
        world.worker.drains()
        return late(request)

    provider = Provider.of(world.app, stall, lambda _request: Sent(reply="250 second"))
    ada.invites("carl@carter.example")
    world.worker.drains()
    delivery = the_delivery(world.app)
    assert (delivery.status, delivery.attempts, delivery.reply) == (Status.SENT, 2, "250 second")
    assert [event.detail["attempt"] for event in events(world.app, "sent")] == [2]
    assert not events(world.app, "delayed") + events(world.app, "failed")
    first, second = provider.requests
    assert (first.key, first.link) == (second.key, second.link)
    ada.at().sees("Undelivered 0")


def test_a_late_answer_does_not_end_the_attempt_that_replaced_it(
    world: World, ada: Staff, clock: Clock
) -> None:
    second_began, first_ended = threading.Event(), threading.Event()
    replacement = threading.Thread(target=world.worker.drains)

    def stall(_request: SendRequest) -> Sent:
        clock.goes_on(seconds=LEASE)
        replacement.start()
        assert second_began.wait(10)
        raise PermanentError("no such address")

    def go_on(_request: SendRequest) -> Sent:
        second_began.set()
        assert first_ended.wait(10)
        return Sent(reply="250 second")

    Provider.of(world.app, stall, go_on)
    ada.invites("carl@carter.example")
    world.worker.drains()
    during = the_delivery(world.app)
    first_ended.set()
    replacement.join()
    after = the_delivery(world.app)
    assert (during.status, during.attempts, during.error) == (Status.SENDING, 2, "")
    assert (after.status, after.attempts, after.reply) == (Status.SENT, 2, "250 second")


def test_a_stalled_message_that_must_not_go_twice_is_asked_about(
    world: World, ada: Staff, clock: Clock
) -> None:
    def stall(_request: SendRequest) -> Sent:
        clock.goes_on(seconds=LEASE)
        world.worker.drains()
        return Sent()

    provider = Provider.of(world.app, stall, idempotent=False)
    ada.invites("carl@carter.example")
    world.worker.drains()
    assert len(provider.requests) == 1
    assert the_delivery(world.app).status == Status.UNKNOWN
    ada.page_of("carl@carter.example").sees("Nobody can tell whether the message was sent")


@pytest.mark.parametrize("button", ["Suspend", "Revoke"])
def test_a_message_to_someone_shut_out_is_not_sent(
    world: World, ada: Staff, carl: Client, button: str
) -> None:
    ada.invites(carl.email)
    _shut_out(ada, carl, button)
    assert carl.letters() == []
    assert the_delivery(world.app).status == Status.CANCELLED


def test_a_stalled_message_is_not_sent_again_to_someone_shut_out(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    """The suspension comes while a worker that will never answer holds the message."""

    def stall(_request: SendRequest) -> Sent:
        _shut_out(ada, carl, "Suspend")
        raise KeyboardInterrupt

    provider = Provider.of(world.app, stall)
    ada.invites(carl.email)
    with pytest.raises(KeyboardInterrupt):
        world.worker.drains()
    clock.goes_on(seconds=LEASE)
    world.worker.drains()
    assert len(provider.requests) == 1
    assert the_delivery(world.app).status == Status.CANCELLED
    ada.page_of(carl.email).sees("The message was not sent")


def test_a_message_to_a_corrected_address_is_not_sent(
    world: World, ada: Staff, carl: Client
) -> None:
    ada.invites(carl.email)
    ada.at(f"contacts/{ada.id_of(carl.email)}/edit").presses("Save", email="carl@new.example")
    assert carl.letters() == []
    assert world.postman.letters == []
    assert the_delivery(world.app).status == Status.CANCELLED


def test_a_message_is_not_sent_again_once_its_link_was_used(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    """The first try did reach Carl, though the line dropped before anyone said so."""
    provider = Provider.of(world.app, raises(AmbiguousError("The line dropped.")), takes)
    ada.invites(carl.email)
    world.worker.drains()
    assert the_delivery(world.app).status == Status.QUEUED
    carl.opens(provider.requests[0].link).presses("Sign in").sees("Welcome to Acme")
    clock.goes_on(minutes=2)
    world.worker.drains()
    assert len(provider.requests) == 1
    assert the_delivery(world.app).status == Status.CANCELLED


def test_a_bound_sign_in_cancels_what_is_still_on_its_way(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    ada.invites(carl.email)
    carl.letter()
    world.postman.refusal = "451 4.7.1 Come back later"
    ada.sends_login_email(carl.email)
    world.worker.drains()
    world.postman.refusal = ""
    clock.goes_on(seconds=1)
    page = carl.asks_for_link()
    page.presses("Sign in", code=carl.letter().code).sees("Welcome to Acme")
    clock.goes_on(minutes=2)
    assert len(carl.letters()) == 2
    assert [one.status for one in deliveries(world.app) if one.kind == "login"] == ["cancelled"]


def _shut_out(ada: Staff, carl: Client, button: str) -> None:
    page = ada.page_of(carl.email)
    (page if button == "Suspend" else page.follows(button)).presses(button)

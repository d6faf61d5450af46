"""The breaker: a channel that fails five times in a row rests until one message gets through."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portal.channel import (
    AmbiguousError,
    AuthenticationError,
    PermanentError,
    SendRequest,
    Sent,
    TemporaryError,
)
from portal.db import db
from portal.flows.channel_settings import ask_trial
from portal.flows.deliver import deliver
from portal.models.account import Account
from portal.models.delivery import Status
from portal.models.magic_link import MagicLink
from portal.models.staff import Staff as StaffRow
from tests.cast import Staff, World
from tests.delivery.conftest import Clock
from tests.delivery.provider import (
    Provider,
    clients,
    deliveries,
    events,
    owe,
    raises,
    setting_of,
    takes,
)

DOWN = raises(TemporaryError("The mail server does not answer.", cause="unreachable"))
FULL = raises(TemporaryError("The mailbox is full.", cause="mailbox_full"))
NOBODY = raises(PermanentError("The mailbox does not exist.", cause="no_mailbox"))
SHUT = raises(AuthenticationError("The mail server does not accept the password."))
LONGEST_RETRY = 15 * 1.2


def statuses(world: World) -> list[str]:
    return [one.status for one in deliveries(world.app)]


def test_five_failures_in_a_row_pause_the_channel_for_a_minute(world: World, clock: Clock) -> None:
    provider = Provider.of(world.app, DOWN)
    owe(world.app, *clients(12))
    world.worker.drains()
    assert len(provider.requests) == 5
    setting = setting_of(world.app)
    assert setting
    assert setting.paused_until == clock.now + timedelta(minutes=1)
    (paused,) = events(world.app, "channel_paused")
    assert paused.detail["reason"] == "The mail server does not answer."
    clock.goes_on(seconds=59.9)
    world.worker.drains()
    assert len(provider.requests) == 5
    assert {one.attempts for one in deliveries(world.app)} == {0, 1}


def test_one_probe_goes_and_its_success_lets_everything_out(world: World, clock: Clock) -> None:
    provider = Provider.of(world.app, *[DOWN] * 5, takes)
    owe(world.app, *clients(12))
    world.worker.drains()
    clock.goes_on(minutes=1)
    world.worker.drains()
    assert statuses(world) == [Status.SENT] * 12
    assert len(provider.requests) == 5 + 12
    assert (
        len(events(world.app, "channel_paused")) == len(events(world.app, "channel_resumed")) == 1
    )
    setting = setting_of(world.app)
    assert setting
    assert (setting.is_paused, setting.failures, setting.pauses) == (False, 0, 0)


def test_each_probe_that_fails_doubles_the_pause_up_to_a_quarter(
    world: World, clock: Clock
) -> None:
    provider = Provider.of(world.app, DOWN)
    owe(world.app, *clients(12))
    world.worker.drains()
    for count, minutes in enumerate((1, 2, 4, 8, 15, 15), start=1):
        setting = setting_of(world.app)
        assert setting
        assert setting.paused_until == clock.now + timedelta(minutes=minutes)
        clock.goes_to(setting.paused_until)
        world.worker.drains()
        assert len(provider.requests) == 5 + count
    assert len(events(world.app, "channel_paused")) == 1, "staff are told once"


def test_of_many_workers_one_sends_the_probe(world: World, clock: Clock) -> None:
    provider = Provider.of(world.app, DOWN)
    ids = owe(world.app, *clients(12))
    world.worker.drains()
    clock.goes_on(minutes=1)

    def take(delivery_id: int) -> None:
        with world.app.app_context():
            deliver(delivery_id)

    with ThreadPoolExecutor(8) as many:
        list(many.map(take, ids * 3))
    assert len(provider.requests) == 6


@pytest.mark.parametrize("does", [FULL, NOBODY], ids=["mailbox full", "no mailbox"])
def test_what_lies_with_one_address_does_not_count(world: World, clock: Clock, does) -> None:  # type: ignore[no-untyped-def]
    provider = Provider.of(world.app, does)
    owe(world.app, *clients(8))
    world.worker.drains()
    assert len(provider.requests) == 8
    assert setting_of(world.app) is None


def test_a_success_in_between_begins_the_count_anew(world: World, clock: Clock) -> None:
    provider = Provider.of(world.app, *[DOWN] * 4, takes, *[DOWN] * 4, takes)
    owe(world.app, *clients(10))
    world.worker.drains()
    assert len(provider.requests) == 10
    assert not events(world.app, "channel_paused")


def test_the_channel_of_another_account_goes_on(world: World, clock: Clock) -> None:
    def ails_for_acme(request: SendRequest) -> Sent:
        return DOWN(request) if request.sender_name == "Acme" else takes(request)

    Provider.of(world.app, ails_for_acme)
    owe(world.app, *clients(8))
    owe(world.app, *clients(8), slug="birch")
    world.worker.drains()
    assert sorted(statuses(world)) == [Status.QUEUED] * 8 + [Status.SENT] * 8
    assert setting_of(world.app, slug="birch") is None


def test_what_waits_for_a_channel_expires_with_its_link(
    world: World, ada: Staff, clock: Clock
) -> None:
    """The password is wrong for hours; a login e-mail lives for one."""
    ada.adds("Carl Carter", "carl@carter.example")
    provider = Provider.of(world.app, SHUT)
    ada.sends_login_email("carl@carter.example")
    began = clock.now
    for _ in range(20):
        setting = setting_of(world.app)
        world.worker.drains()
        if statuses(world) == [Status.EXPIRED]:
            break
        setting = setting_of(world.app)
        assert setting
        assert setting.paused_until
        clock.goes_to(min(setting.paused_until, began + timedelta(hours=1)))
    assert clock.now == began + timedelta(hours=1)
    assert statuses(world) == [Status.EXPIRED]
    assert {one.attempts for one in deliveries(world.app)} == {1}, "only the end counts"
    assert len(provider.requests) > 3
    ada.signs_in().at().sees("Undelivered 1")


def test_a_row_that_expires_during_the_pause_is_ended_during_the_pause(
    world: World, ada: Staff, clock: Clock
) -> None:
    ada.adds("Carl Carter", "carl@carter.example")
    ada.sends_login_email("carl@carter.example")
    clock.goes_on(minutes=55)
    Provider.of(world.app, SHUT)
    owe(world.app, "late@carter.example")
    (login, late) = (one.id for one in deliveries(world.app))
    with world.app.app_context():
        deliver(late)
    clock.goes_on(minutes=5)
    setting = setting_of(world.app)
    assert setting
    with world.app.app_context():
        db.session.add(setting)
        setting.paused_until = clock.now + timedelta(minutes=10)
        db.session.commit()
        deliver(login)
    assert statuses(world) == [Status.EXPIRED, Status.QUEUED]


@pytest.mark.parametrize("ends", ["revoked", "refused"])
def test_a_probe_that_tells_nothing_makes_room_for_the_next(
    world: World, clock: Clock, ends: str
) -> None:
    """The first in line is for a link that is dead by now, or a mailbox that is not there."""
    Provider.of(world.app, *[DOWN] * 5, *([NOBODY] * 3 if ends == "refused" else []), takes)
    owe(world.app, *clients(8))
    world.worker.drains()
    clock.goes_on(minutes=1)
    if ends == "revoked":
        tried = [one.link_id for one in deliveries(world.app) if one.attempts]
        with world.app.app_context():
            db.session.execute(
                db.update(MagicLink).where(MagicLink.id.in_(tried)).values(revoked_at=clock.now)
            )
            db.session.commit()
    world.worker.drains()
    gone = Status.CANCELLED if ends == "revoked" else Status.FAILED
    assert sorted(set(statuses(world))) == sorted([gone, Status.SENT])


def test_wrong_credentials_pause_at_once_and_cost_no_attempt(world: World, clock: Clock) -> None:
    provider = Provider.of(world.app, SHUT)
    owe(world.app, *clients(4))
    world.worker.drains()
    assert len(provider.requests) == 1
    assert {(one.status, one.attempts) for one in deliveries(world.app)} == {(Status.QUEUED, 0)}
    for _ in range(10):
        clock.goes_on(minutes=15)
        world.worker.drains()
    assert {(one.status, one.attempts) for one in deliveries(world.app)} == {(Status.QUEUED, 0)}
    assert len(events(world.app, "channel_paused")) == 1
    provider.does = [takes]
    clock.goes_on(minutes=15)
    world.worker.drains()
    assert statuses(world) == [Status.SENT] * 4
    assert len(events(world.app, "channel_resumed")) == 1


def test_a_check_that_passes_resumes_the_channel(world: World, ada: Staff, clock: Clock) -> None:
    provider = Provider.of(world.app, SHUT, takes)
    owe(world.app, *clients(4))
    world.worker.drains()
    with world.app.app_context():
        account, by = Account.by_slug("acme"), StaffRow.by_email("ada@acme.example")
        assert account
        assert by
        ask_trial(account, provider, "check", by=by)
    world.worker.drains()
    assert statuses(world) == [Status.SENT] * 4
    assert len(provider.requests) == 5
    assert len(events(world.app, "channel_resumed")) == 1


def test_a_stalled_message_that_must_not_go_twice_stays_so_during_a_pause(
    world: World, clock: Clock
) -> None:
    """Its worker died before the channel paused: taken back unsent, it would go out again."""

    def stall(_request: SendRequest) -> Sent:
        raise KeyboardInterrupt

    provider = Provider.of(world.app, stall, SHUT, takes, idempotent=False)
    first, second = owe(world.app, *clients(2))
    with world.app.app_context():
        with pytest.raises(KeyboardInterrupt):
            deliver(first)
        deliver(second)
    clock.goes_on(minutes=2)
    world.worker.drains()
    clock.goes_on(minutes=10)
    world.worker.drains()
    assert statuses(world) == [Status.UNKNOWN, Status.SENT]
    assert len(provider.requests) == 3


def test_an_answer_that_never_came_counts_against_the_channel(world: World, clock: Clock) -> None:
    silent = raises(AmbiguousError("The gateway went silent.", cause="timeout"))
    provider = Provider.of(world.app, silent, idempotent=False)
    owe(world.app, *clients(8))
    world.worker.drains()
    assert len(provider.requests) == 5
    assert sorted(statuses(world)) == [Status.QUEUED] * 3 + [Status.UNKNOWN] * 5


def test_failures_at_the_same_moment_are_one_pause(world: World, clock: Clock) -> None:
    """Eight workers are at it when the server goes away: the pause is a minute, and told once."""
    together = threading.Barrier(8, timeout=20)

    def fail(request: SendRequest) -> Sent:
        together.wait()
        return DOWN(request)

    Provider.of(world.app, fail, idempotent=False)  # nobody takes several at once
    ids = owe(world.app, *clients(8))

    def take(delivery_id: int) -> None:
        with world.app.app_context():
            deliver(delivery_id)

    with ThreadPoolExecutor(8) as many:
        list(many.map(take, ids))
    setting = setting_of(world.app)
    assert setting
    assert setting.paused_until == clock.now + timedelta(minutes=1)
    assert len(events(world.app, "channel_paused")) == 1


def test_the_page_says_when_the_channel_last_sent_something(
    world: World, ada: Staff, clock: Clock
) -> None:
    Provider.of(world.app, DOWN, takes)
    owe(world.app, *clients(1))
    world.worker.drains()
    setting = setting_of(world.app)
    assert setting
    assert setting.last_sent_at is None, "nothing has gone out"
    clock.goes_on(seconds=LONGEST_RETRY)
    world.worker.drains()
    first = clock.now
    assert setting_of(world.app).last_sent_at == first  # type: ignore[union-attr]
    clock.goes_on(seconds=30)
    owe(world.app, *clients(1))
    world.worker.drains()
    assert setting_of(world.app).last_sent_at == first  # type: ignore[union-attr]
    clock.goes_on(seconds=31)
    owe(world.app, *clients(1))
    world.worker.drains()
    assert setting_of(world.app).last_sent_at == clock.now  # type: ignore[union-attr]
    ada.at("channels/email").sees("Last sent")

"""Fallback: what did not arrive goes by the account's next channel, with the very same link."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from portal import sweep
from portal.channel import (
    AmbiguousError,
    Caps,
    PermanentError,
    Receipt,
    SendRequest,
    Sent,
    TemporaryError,
)
from portal.db import db
from portal.flows.receive import receive
from portal.flows.take_over import take_over
from portal.lanes import Left
from portal.models import account_choices, claims
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.contact import Contact
from portal.models.delivery import Delivery, Status
from portal.models.staff_task import StaffTask
from tests.cast import Client, Staff, World
from tests.delivery.conftest import Clock
from tests.delivery.provider import Provider, deliveries, events, owe, raises, takes

GONE = raises(PermanentError("The mailbox does not exist.", cause="no_mailbox"))
BUSY = raises(TemporaryError("Come back later.", cause="mailbox_full"))
PHONE = "+442071838750"


class Texts(Provider):
    """The second channel: text messages."""

    id, name = "sms", "Text message"


def arrange(world: World, *does: Callable[[SendRequest], Sent], receipts: bool = False) -> Provider:
    """Let Acme write by e-mail first, and then by text message, which does *does*."""
    texts = Texts(does or (takes,), Caps(address="phone", receipts=receipts))
    world.app.extensions["portal_plugins"].channels["sms"] = texts
    with world.app.app_context():
        account = Account.by_slug("acme")
        assert account
        for kind in ("invite", "login", "self"):
            account_choices.arrange(account, kind, ["email", "sms"])
        db.session.commit()
    return texts


def owe_carl(world: World, carl: Client) -> int:
    with world.app.app_context():
        account = Account.by_slug("acme")
        assert account
        Contact.find_or_add(account, carl.email, carl.name).phone = PHONE
        db.session.commit()
    (found,) = owe(world.app, carl.email)
    return found


def tasks(world: World) -> int:
    with world.app.app_context():
        account = Account.by_slug("acme")
        assert account
        return len(StaffTask.page(account.id))


def ways(world: World) -> list[tuple[str, str]]:
    return [(one.channel, one.status) for one in deliveries(world.app)]


def bounce(world: World, delivery_id: int) -> None:
    one = next(one for one in deliveries(world.app) if one.id == delivery_id)
    key = f"delivery-{one.id}-{one.link_id.hex}"
    with world.app.app_context():
        receive(one.account_id, one.channel, [Receipt("bounced", key=key, reason="No such user")])


def test_a_refused_message_goes_by_the_next_channel_with_the_same_link(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    mail, texts = Provider.of(world.app, GONE), arrange(world)
    owe_carl(world, carl)
    world.worker.drains()
    assert ways(world) == [("email", Status.FAILED), ("sms", Status.SENT)]
    assert mail.requests[0].link == texts.requests[0].link
    assert mail.requests[0].key != texts.requests[0].key
    assert texts.requests[0].to == PHONE
    assert len(events(world.app, "fallback")) == 1
    assert tasks(world) == 0
    ada.at().sees("Undelivered 0")
    carl.opens(texts.requests[0].link).presses("Sign in").sees("Welcome to Acme")


def test_spent_attempts_go_by_the_next_channel(world: World, carl: Client, clock: Clock) -> None:
    Provider.of(world.app, BUSY)
    texts = arrange(world)
    owe_carl(world, carl)
    for _ in range(10):
        world.worker.drains()
        clock.goes_on(seconds=3600 * 1.2)
    assert ways(world) == [("email", Status.FAILED), ("sms", Status.SENT)]
    assert len(texts.requests) == 1


def test_a_message_given_up_while_its_link_lives_goes_by_the_next_channel(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    """A login e-mail lives an hour, and the fifth pause would be one: the text comes in time."""
    Provider.of(world.app, takes, BUSY)
    texts = arrange(world)
    owe_carl(world, carl)
    world.worker.drains()
    ada.sends_login_email(carl.email)
    for _ in range(8):
        world.worker.drains()
        clock.goes_to(max([clock.now, *(one.due_at for one in deliveries(world.app))]))
    assert ways(world)[1:] == [("email", Status.EXPIRED), ("sms", Status.SENT)]
    carl.opens(texts.requests[0].link).presses("Sign in").sees("Welcome to Acme")


def test_without_a_receipt_in_time_the_next_channel_takes_over(
    world: World, carl: Client, clock: Clock
) -> None:
    mail = Provider.of(world.app, receipts=True)
    texts = arrange(world)
    with world.app.app_context():
        account = Account.by_slug("acme")
        assert account
        ChannelSetting.find_or_add(account.id, "email").receipt_wait = 300
        db.session.commit()
    owe_carl(world, carl)
    world.worker.drains()
    _chores(world)
    assert ways(world) == [("email", Status.SENT)]
    clock.goes_on(seconds=300)
    _chores(world)
    _chores(world)
    world.worker.drains()
    assert ways(world) == [("email", Status.SENT), ("sms", Status.SENT)]
    assert mail.requests[0].link == texts.requests[0].link


def test_a_worker_that_died_leaves_the_receipt_awaited(
    world: World, carl: Client, clock: Clock
) -> None:
    """The parent writes the end in its place; the receipt is awaited all the same."""
    Provider.of(world.app, receipts=True)
    arrange(world)
    with world.app.app_context():
        account = Account.by_slug("acme")
        assert account
        ChannelSetting.find_or_add(account.id, "email").receipt_wait = 300
        db.session.commit()
    delivery_id = owe_carl(world, carl)
    with world.app.app_context():
        claims.claim(delivery_id)
        db.session.commit()
        take_over(Left([(delivery_id, 1)], None, []), how="SIGKILL", is_plugins_fault=False)
    (one,) = deliveries(world.app)
    assert one.status == Status.SENT
    assert one.receipt_due_at == clock.now + timedelta(seconds=300)


def test_a_plugin_that_always_ends_its_worker_is_given_up(
    world: World, carl: Client, clock: Clock
) -> None:
    Provider.of(world.app)
    arrange(world)
    delivery_id = owe_carl(world, carl)
    for attempt in range(1, 9):
        with world.app.app_context():
            claims.claim(delivery_id)
            db.session.commit()
            left = Left([], (delivery_id, attempt), [])
            take_over(left, how="SIGSEGV", is_plugins_fault=True)
        clock.goes_on(hours=2)
    assert ways(world) == [("email", Status.FAILED), ("sms", Status.QUEUED)]
    assert len(events(world.app, "delayed")) == 7
    assert len(events(world.app, "channel_paused")) == 1


def test_failures_reported_twice_or_late_open_nothing_more(
    world: World, carl: Client, clock: Clock
) -> None:
    """The e-mail bounces, a text goes out, and the bounce is reported once more."""
    Provider.of(world.app, receipts=True)
    arrange(world)
    delivery_id = owe_carl(world, carl)
    world.worker.drains()
    bounce(world, delivery_id)
    world.worker.drains()
    bounce(world, delivery_id)
    world.worker.drains()
    assert ways(world) == [("email", Status.BOUNCED), ("sms", Status.SENT)]
    assert tasks(world) == 0, "something stands in already"


def test_a_bounce_after_the_next_channel_took_over_asks_nobody(
    world: World, carl: Client, clock: Clock
) -> None:
    Provider.of(world.app, receipts=True)
    arrange(world)
    delivery_id = owe_carl(world, carl)
    world.worker.drains()
    with world.app.app_context():
        db.session.execute(db.update(Delivery).values(receipt_due_at=clock.now))
        db.session.commit()
    _chores(world)
    world.worker.drains()
    assert ways(world) == [("email", Status.SENT), ("sms", Status.SENT)]
    bounce(world, delivery_id)
    assert tasks(world) == 0


def test_many_who_see_the_failure_at_once_send_one_message(
    world: World, carl: Client, clock: Clock
) -> None:
    Provider.of(world.app, receipts=True)
    texts = arrange(world)
    delivery_id = owe_carl(world, carl)
    world.worker.drains()
    with ThreadPoolExecutor(6) as many:
        list(many.map(lambda _: bounce(world, delivery_id), range(12)))
    world.worker.drains()
    assert ways(world) == [("email", Status.BOUNCED), ("sms", Status.SENT)]
    assert len(texts.requests) == len(events(world.app, "fallback")) == 1
    assert tasks(world) == 0


def test_at_the_end_of_all_channels_staff_are_asked(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    Provider.of(world.app, GONE)
    arrange(world, raises(PermanentError("The number does not exist.", cause="no_mailbox")))
    owe_carl(world, carl)
    world.worker.drains()
    assert ways(world) == [("email", Status.FAILED), ("sms", Status.FAILED)]
    assert tasks(world) == 1
    ada.at().sees("Undelivered 1")


def test_nobody_is_asked_about_what_a_client_asked_for(
    world: World, carl: Client, clock: Clock
) -> None:
    Provider.of(world.app, takes, GONE)
    arrange(world, raises(PermanentError("The number does not exist.", cause="no_mailbox")))
    owe_carl(world, carl)
    world.worker.drains()
    carl.asks_for_link()
    world.worker.drains()
    assert [status for _channel, status in ways(world)] == [
        Status.SENT,
        Status.FAILED,
        Status.FAILED,
    ]
    assert tasks(world) == 0


def test_what_nobody_knows_is_asked_of_staff_and_not_sent_again(
    world: World, carl: Client, clock: Clock
) -> None:
    Provider.of(world.app, raises(AmbiguousError("The line dropped.")), idempotent=False)
    arrange(world)
    owe_carl(world, carl)
    world.worker.drains()
    assert ways(world) == [("email", Status.UNKNOWN)]
    assert tasks(world) == 1


@pytest.mark.parametrize("how", ["used", "revoked", "suspended", "expired"])
def test_a_dead_link_goes_nowhere(
    world: World, ada: Staff, carl: Client, clock: Clock, how: str
) -> None:
    mail = Provider.of(world.app, receipts=True)
    arrange(world)
    delivery_id = owe_carl(world, carl)
    world.worker.drains()
    if how == "used":
        carl.opens(mail.requests[0].link).presses("Sign in").sees("Welcome to Acme")
    elif how == "expired":
        clock.goes_on(days=8)
    elif how == "suspended":
        ada.page_of(carl.email).presses("Suspend")
    else:
        with world.app.app_context():
            db.session.execute(db.text("UPDATE magic_link SET revoked_at = expires_at"))
            db.session.commit()
    bounce(world, delivery_id)
    assert ways(world) == [("email", Status.BOUNCED)]
    assert tasks(world) == 0


def test_using_the_link_once_ends_both_ways(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    """The e-mail was slow, not lost: Carl signs in before the text goes out."""
    mail = Provider.of(world.app, receipts=True)
    texts = arrange(world)
    delivery_id = owe_carl(world, carl)
    world.worker.drains()
    bounce(world, delivery_id)
    carl.opens(mail.requests[0].link).presses("Sign in").sees("Welcome to Acme")
    world.worker.drains()
    assert ways(world) == [("email", Status.BOUNCED), ("sms", Status.CANCELLED)]
    assert texts.requests == []
    ada.at().sees("Undelivered 0")


def test_an_open_task_is_over_once_the_client_is_in(
    world: World, carl: Client, clock: Clock
) -> None:
    mail = Provider.of(world.app, receipts=True)
    delivery_id = owe_carl(world, carl)
    world.worker.drains()
    bounce(world, delivery_id)
    assert tasks(world) == 1
    carl.opens(mail.requests[0].link).presses("Sign in").sees("Welcome to Acme")
    assert tasks(world) == 0


def _chores(world: World) -> None:
    with world.app.app_context():
        sweep.Sweep({}).chores()

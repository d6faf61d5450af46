"""How an attempt can end: refused, put off, ambiguous, broken, hung; and what people then read."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask

from portal.channel import AmbiguousError, SendRequest, Sent, TemporaryError
from portal.flows.deliver import deliver
from portal.models.delivery import Status
from tests.cast import Client, Staff, World
from tests.delivery.conftest import Clock
from tests.delivery.provider import (
    Provider,
    deliveries,
    events,
    raises,
    takes,
    the_delivery,
    the_link,
)
from tests.postman import Letter, Postman
from tests.wait import wait_for

PAUSES = (15, 60, 300, 900, 3600, 3600, 3600)
GONE = "550 5.1.1 No such user here"
LATER = "451 4.7.1 Greylisted, come back later"


class ForgetfulPostman(Postman):
    """Takes the first letter and hangs up before saying so."""

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.letters:
            return await super().handle_DATA(server, session, envelope)
        self.letters.append(Letter(envelope))
        assert isinstance(server.transport, asyncio.Transport)
        server.transport.abort()
        return "250 nobody hears this"


@pytest.fixture
def forgetful_postman() -> Iterator[Postman]:
    with ForgetfulPostman.started() as found:
        yield found


def test_a_refused_address_is_shown_with_the_servers_words(
    world: World, ada: Staff, carl: Client
) -> None:
    world.postman.refusal = GONE
    ada.invites(carl.email)
    world.worker.drains()
    assert the_delivery(world.app).status == Status.FAILED
    ada.page_of(carl.email).sees("The message could not be sent", "No such user here")
    ada.at().sees("The mail server says that the mailbox does not exist", "Undelivered 1")
    ada.at("contacts/?status=undelivered").sees(carl.email)


def test_the_undelivered_mark_goes_once_a_message_gets_out(
    world: World, ada: Staff, carl: Client
) -> None:
    world.postman.refusal = GONE
    ada.invites(carl.email)
    world.worker.drains()
    world.postman.refusal = ""
    ada.sends_login_email(carl.email)
    world.worker.drains()
    ada.at().sees("Undelivered 0")
    ada.at("contacts/?status=undelivered").does_not_see(carl.email)


def test_a_permanent_refusal_is_never_tried_again(world: World, ada: Staff, clock: Clock) -> None:
    world.postman.refusal = GONE
    ada.invites("carl@carter.example")
    world.worker.drains()
    world.postman.refusal = ""
    clock.goes_on(days=6)
    world.worker.drains()
    assert world.postman.letters == []
    assert the_delivery(world.app).attempts == 1


def test_a_message_put_off_goes_out_later(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    world.postman.refusal = LATER
    ada.invites(carl.email)
    world.worker.drains()
    ada.page_of(carl.email).sees("could not be sent yet", "Greylisted, come back later")
    world.postman.refusal = ""
    clock.goes_on(seconds=15 * 1.2)
    carl.signs_in().sees("Welcome to Acme")
    ada.page_of(carl.email).sees("The mail server accepted the message", "Attempt 2")
    assert the_delivery(world.app).error == ""


def test_the_pauses_grow_and_spread(world: World, ada: Staff, clock: Clock) -> None:
    busy = TemporaryError("The mailbox is full.", cause="mailbox_full")
    Provider.of(world.app, raises(busy))
    for number in range(3):
        ada.invites(f"client{number}@carter.example")
    seen: set[float] = set()
    for pause in PAUSES:
        world.worker.drains()
        waits = [(one.due_at - clock.now).total_seconds() for one in deliveries(world.app)]
        assert all(pause * 0.8 <= wait <= pause * 1.2 for wait in waits), (pause, waits)
        seen.update(round(wait / pause, 3) for wait in waits)
        clock.goes_on(seconds=min(waits) - 0.001)
        assert world.worker.drains() == 0, "tried before it was due"
        clock.goes_to(max(one.due_at for one in deliveries(world.app)))
    assert len(seen) > len(PAUSES), "a crowd that fails together would come back together"
    assert {one.attempts for one in deliveries(world.app)} == {len(PAUSES)}


def test_a_message_is_given_up_when_its_link_would_have_expired(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    ada.adds(carl.name, carl.email)
    provider = Provider.of(world.app, raises(TemporaryError("The server is busy.")))
    asked_at = clock.now
    ada.sends_login_email(carl.email)
    tried: list[datetime] = []
    while the_delivery(world.app).status == Status.QUEUED:
        clock.goes_to(max(clock.now, the_delivery(world.app).due_at))
        tried.append(clock.now)
        assert world.worker.drains() == 1
    assert tried[-1] < asked_at + timedelta(hours=1)
    assert len(provider.requests) == len(tried) == 5
    assert the_delivery(world.app).status == Status.EXPIRED
    ada.page_of(carl.email).sees("given up", "The server is busy.")
    ada.at().sees("Undelivered 1")


def test_a_message_that_nobody_could_send_in_time_counts_as_undelivered(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    """All workers were down until its link would have expired."""
    ada.invites(carl.email)
    clock.goes_on(days=7, minutes=1)
    world.worker.drains()
    assert world.postman.letters == []
    assert the_delivery(world.app).status == Status.EXPIRED
    ada.signs_in().at().sees("Undelivered 1")


def test_the_life_of_a_link_begins_when_its_message_goes_out(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    ada.adds(carl.name, carl.email)
    ada.sends_login_email(carl.email)
    clock.goes_on(minutes=50)
    letter = carl.letter()
    assert the_link(world.app).expires_at == clock.now + timedelta(hours=1)
    clock.goes_on(minutes=59)
    carl.opens(letter.link).presses("Sign in").sees("Welcome to Acme")


def test_an_ambiguous_end_is_tried_again_as_the_same_message(
    make_app: Callable[..., Flask],
    world: World,
    ada: Staff,
    carl: Client,
    clock: Clock,
    forgetful_postman: Postman,
) -> None:
    forgetful = make_app(smtp_url=forgetful_postman.url)
    ada.invites(carl.email)
    with forgetful.app_context():
        deliver(the_delivery(forgetful).id)
    assert the_delivery(forgetful).status == Status.QUEUED
    ada.page_of(carl.email).sees("lost before the mail server said whether it took the message")
    clock.goes_on(seconds=15 * 1.2)
    with forgetful.app_context():
        deliver(the_delivery(forgetful).id)
    first, second = forgetful_postman.letters
    assert (first.link, first.message_id) == (second.link, second.message_id)
    assert the_delivery(forgetful).status == Status.SENT
    carl.opens(first.link).presses("Sign in").sees("Welcome to Acme")


def test_an_ambiguous_end_of_a_channel_that_would_send_twice_asks_staff(
    world: World, ada: Staff, carl: Client, clock: Clock
) -> None:
    provider = Provider.of(
        world.app, raises(AmbiguousError("The gateway went silent.")), idempotent=False
    )
    ada.invites(carl.email)
    world.worker.drains()
    clock.goes_on(minutes=50)
    world.worker.drains()
    assert len(provider.requests) == 1
    assert the_delivery(world.app).status == Status.UNKNOWN
    ada.page_of(carl.email).sees("Nobody can tell", "The gateway went silent.")
    ada.at().sees("Undelivered 1")


def test_a_plugins_bug_is_tried_again_and_logged_without_the_link(
    world: World, ada: Staff, carl: Client, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def stumble(request: SendRequest) -> Sent:
        raise ZeroDivisionError(f"cannot send {request.link}")

    provider = Provider.of(world.app, stumble, takes)
    ada.invites(carl.email)
    world.worker.drains()
    link = provider.requests[0].link
    assert the_delivery(world.app).status == Status.QUEUED
    assert "ZeroDivisionError" in the_delivery(world.app).error
    assert "ZeroDivisionError" in caplog.text
    assert "in stumble" in caplog.text
    assert link.rpartition("/")[2] not in caplog.text
    clock.goes_on(seconds=15 * 1.2)
    world.worker.drains()
    assert the_delivery(world.app).status == Status.SENT


def test_what_a_provider_repeats_of_the_link_is_kept_nowhere(
    world: World, ada: Staff, carl: Client
) -> None:
    def repeat(request: SendRequest) -> Sent:
        token = request.link.rpartition("/")[2]
        raise TemporaryError(f"Cannot take {request.link}.", reply=f"what is {token}?")

    provider = Provider.of(world.app, repeat)
    ada.invites(carl.email)
    world.worker.drains()
    token = provider.requests[0].link.rpartition("/")[2]
    (delayed,) = events(world.app, "delayed")
    delivery = the_delivery(world.app)
    for kept in (delivery.error, delivery.reply, str(delayed.detail)):
        assert kept
        assert token not in kept


def _hang(_request: SendRequest) -> Sent:
    threading.Event().wait(30)
    return Sent()


def _hang_on(request: SendRequest) -> Sent:
    """Catch whatever comes and try once more, as careless plugins do."""
    try:
        return _hang(request)
    except Exception:
        return _hang(request)


def test_a_channel_that_hangs_is_interrupted_in_a_worker_process(
    world: World, ada: Staff, carl: Client, works: Callable[..., None]
) -> None:
    Provider.of(world.app, _hang, timeout=1)
    ada.invites(carl.email)
    started = time.monotonic()
    works(world.app)
    wait_for(lambda: the_delivery(world.app).error, what="the interruption")
    assert time.monotonic() - started < 10
    delivery = the_delivery(world.app)
    assert delivery.error == "The provider did not answer within 1 seconds."
    assert (delivery.status, delivery.attempts) == (Status.QUEUED, 1)


@pytest.mark.parametrize("hang", [_hang, _hang_on])
def test_nobody_can_tell_what_became_of_an_interrupted_message(
    world: World, ada: Staff, hang: Callable[[SendRequest], Sent]
) -> None:
    """A gateway may have taken the text before it went silent: sending again could repeat it."""
    Provider.of(world.app, hang, timeout=1, idempotent=False)
    ada.invites("carl@carter.example")
    world.worker.drains()
    assert the_delivery(world.app).status == Status.UNKNOWN


def test_a_new_secret_key_breaks_no_link(
    make_app: Callable[..., Flask], make_world: Any, clock: Clock
) -> None:
    """A link is issued under one key, sent under the next and pressed under a third."""
    old, new, newest = ("a" * 32, "b" * 32, "c" * 32)
    world: World = make_world(secret_keys=(old,))
    ada = Staff(world, "ada@acme.example", "acme").signs_in()
    ada.invites("carl@carter.example")
    sending = make_app(secret_keys=(new, old))
    with sending.app_context():
        deliver(the_delivery(sending).id)
    link = world.postman.last_to("carl@carter.example").link
    opening = World(make_app(secret_keys=(newest, new)), world.postman, world.worker)
    carl = Client(opening, "carl@carter.example", "acme")
    carl.opens(link).presses("Sign in").sees("Welcome to Acme")


def test_a_code_still_fits_after_a_new_secret_key(
    make_app: Callable[..., Flask], make_world: Any
) -> None:
    old, new = ("a" * 32, "b" * 32)
    world: World = make_world(secret_keys=(old,))
    ada = Staff(world, "ada@acme.example", "acme").signs_in()
    ada.invites("carl@carter.example")
    carl = Client(world, "carl@carter.example", "acme")
    assert carl.letter().link
    page = carl.asks_for_link()
    code = carl.letter().code
    page.browser.http.application = make_app(secret_keys=(new, old))
    page.browser.opens(page.url).presses("Sign in", code=code).sees("Welcome to Acme")


def test_a_key_that_is_gone_is_named_and_the_message_waits_for_it(
    make_app: Callable[..., Flask], make_world: Any, clock: Clock
) -> None:
    old, new = ("a" * 32, "b" * 32)
    world: World = make_world(secret_keys=(old,))
    ada = Staff(world, "ada@acme.example", "acme").signs_in()
    ada.invites("carl@carter.example")
    without = make_app(secret_keys=(new,))
    with without.app_context():
        deliver(the_delivery(without).id)
    assert the_delivery(without).status == Status.QUEUED
    assert "PORTAL_SECRET_KEYS" in the_delivery(without).error
    clock.goes_on(seconds=15 * 1.2)
    assert Client(world, "carl@carter.example", "acme").letter().link

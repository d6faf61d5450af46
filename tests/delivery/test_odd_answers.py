"""What a plugin hands over that makes no sense, or too much: one attempt is one attempt."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import Any

import pytest

from portal.channel import (
    AmbiguousError,
    AuthenticationError,
    PermanentError,
    SendRequest,
    Sent,
    TemporaryError,
)
from portal.models.delivery import Delivery, Status
from portal.models.plugin_fault import PluginFault
from tests.cast import Client, World
from tests.delivery.conftest import Clock
from tests.delivery.provider import Provider, deliveries, events, owe, raises, the_delivery

ODD: Any = object()


def _after_some_rounds(world: World, clock: Clock) -> Delivery:
    for _ in range(4):
        world.worker.drains()
        clock.goes_on(seconds=1)
    return the_delivery(world.app)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TemporaryError(ODD, reply=ODD, cause=ODD), Status.QUEUED),
        (PermanentError(ODD, reply=b"550", cause=["refused"]), Status.FAILED),  # type: ignore[arg-type]
        (AuthenticationError(ODD), Status.QUEUED),
        (AmbiguousError("Who knows.", cause={}), Status.QUEUED),  # type: ignore[arg-type]
        (asyncio.CancelledError(), Status.QUEUED),
        (GeneratorExit(), Status.QUEUED),
    ],
    ids=lambda given: type(given).__name__,
)
def test_an_odd_failure_is_one_attempt(
    world: World, clock: Clock, error: BaseException, status: Status
) -> None:
    provider = Provider.of(world.app, raises(error))
    owe(world.app, "carl@carter.example")
    found = _after_some_rounds(world, clock)
    assert (found.status, len(provider.requests)) == (status, 1)
    assert found.error


@pytest.mark.parametrize(
    "asked", [math.inf, math.nan, 1e300, 1e12, 10**400, -5, "60", None], ids=lambda a: f"{a!s:.6}"
)
def test_an_odd_time_to_wait_is_no_reason_to_send_again(
    world: World, clock: Clock, asked: Any
) -> None:
    provider = Provider.of(world.app, raises(TemporaryError("Later.", retry_after=asked)))
    owe(world.app, "carl@carter.example")
    assert _after_some_rounds(world, clock).status in (Status.QUEUED, Status.EXPIRED)
    assert len(provider.requests) == 1


def test_what_was_sent_is_sent_whatever_its_name(world: World, clock: Clock) -> None:
    """An answer in JSON may hold a number, or nothing, where we want words."""
    odd: Any = {"provider_id": 4711, "reply": None}
    provider = Provider.of(world.app, lambda _request: Sent(**odd), idempotent=False)
    owe(world.app, "carl@carter.example")
    found = _after_some_rounds(world, clock)
    assert (found.status, found.provider_id, found.reply) == (Status.SENT, "4711", "")
    assert len(provider.requests) == 1


def test_what_a_provider_repeats_as_it_takes_a_message_is_kept_nowhere(
    world: World, carl: Client
) -> None:
    provider = Provider.of(world.app)
    owe(world.app, carl.email)
    world.worker.drains()
    carl.asks_for_link()
    provider.does = [lambda request: Sent(reply=f"Taken: {request.message.short} {request.code}")]
    world.worker.drains()
    _keeps_no_secret_of(world, provider)


def test_no_code_that_a_provider_repeats_is_kept(world: World, carl: Client) -> None:
    def repeat(request: SendRequest) -> Sent:
        code = request.code
        raise PermanentError(f"No {code.replace(' ', '')}.", reply=f"what is {code}?", cause="spam")

    provider = Provider.of(world.app)
    owe(world.app, carl.email)
    world.worker.drains()
    carl.asks_for_link()
    provider.does = [repeat]
    world.worker.drains()
    _keeps_no_secret_of(world, provider)


def _keeps_no_secret_of(world: World, provider: Provider) -> None:
    request, kept = provider.requests[-1], deliveries(world.app)[-1]
    told = [str(one.detail) for kind in ("sent", "failed") for one in events(world.app, kind)]
    assert kept.reply
    for secret in (request.link[-24:], request.code, request.code.replace(" ", "")):
        assert secret
        assert secret not in f"{kept.error} {kept.reply} {told}"


def test_a_fault_is_kept_whatever_its_words(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)  # such words cannot travel in a report of the tests
    Provider.of(world.app, raises(RuntimeError("what\0ever \ud800")))
    owe(world.app, "carl@carter.example")
    world.worker.drains()
    with world.app.app_context():
        (fault,) = PluginFault.latest()
    assert fault.words == "RuntimeError: whatever ?"

"""Trials of a channel, which a worker makes for whoever looks at its page: each of them ends."""

from __future__ import annotations

import asyncio
from typing import Any

from portal.channel import Finding, Report, Sent, Settings
from portal.db import db
from portal.flows.channel_settings import ask_trial
from portal.models.account import Account
from portal.models.channel_trial import ChannelTrial
from portal.models.staff import Staff as StaffRow
from portal.worker import sweep
from tests.cast import World
from tests.delivery.conftest import Clock
from tests.delivery.provider import Provider


def test_a_trial_ends_whatever_the_provider_says(world: World) -> None:
    provider = Provider.of(world.app, lambda _request: Sent(reply="no\0thing \ud800"))
    finding = Finding("note", "what\0ever \ud800", "")
    vars(provider)["check"] = lambda _settings: Report((finding,), {"fact": "\0\ud800"})
    for what in ("test", "check"):
        _asks(world, provider, what)
        world.worker.drains()
    assert [one.status for one in _trials(world)] == ["passed", "passed"]


def test_a_check_that_gives_up_its_own_call_has_failed(world: World) -> None:
    provider = Provider.of(world.app)

    def give_up(_settings: Settings) -> Report:
        raise asyncio.CancelledError

    vars(provider)["check"] = give_up
    _asks(world, provider, "check")
    world.worker.drains()
    assert [one.status for one in _trials(world)] == ["failed"]


def test_a_trial_that_no_worker_took_up_ends_and_says_so(world: World, clock: Clock) -> None:
    _asks(world, Provider.of(world.app), "check")
    clock.goes_on(minutes=16)
    with world.app.app_context():
        sweep()
    (found,) = _trials(world)
    assert found.status == "failed"
    assert "No worker took it up in time." in found.words


def _asks(world: World, provider: Provider, what: Any) -> None:
    with world.app.app_context():
        acme, ada = Account.by_slug("acme"), StaffRow.by_email("ada@acme.example")
        assert acme
        assert ada
        assert ask_trial(acme, provider, what, by=ada, to="ada@acme.example")


def _trials(world: World) -> list[ChannelTrial]:
    with world.app.app_context():
        return list(db.session.scalars(db.select(ChannelTrial).order_by(ChannelTrial.id)))

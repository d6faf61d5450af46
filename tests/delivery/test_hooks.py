"""Plugins that have a say in a message: what they add, whom they send it by, what they stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from portal.channel import AuthenticationError, Caps, Sent
from portal.db import db
from portal.flows.open_account import open_account
from portal.models.account import Account
from portal.models.delivery import Status
from portal.routing import order
from portal.worker import drain
from tests.delivery.conftest import Clock
from tests.delivery.provider import clients, deliveries, events, owe, the_delivery
from tests.postman import Postman

PLUGIN = """
from portal.channel import Caps, Channel, Sent
from portal.hookspecs import hookimpl


class Pigeon(Channel):
    id, name = "pigeon", "Pigeon"
    caps = Caps(address="email", idempotent=True)

    def send(self, request, settings):
        return Sent(reply=f"flown to {{request.to}}")


@hookimpl
def portal_channels(operator):
    return [Pigeon()]


@hookimpl
def {hook}
"""
ADDS = (
    "portal_message_context(delivery):\n"
    "    return {'closing': f'Our office is closed in August ({delivery.kind}).'}"
)
CHOOSES = (
    "portal_choose_channel(delivery):\n    return 'pigeon' if delivery.channel == 'email' else None"
)
STOPS = (
    "portal_before_send(delivery, request):\n"
    "    return f'{request.to} has asked not to be written to.' if request.attempt == 1 else None"
)


@pytest.fixture
def having(make_app: Callable[..., Flask], tmp_path: Path) -> Callable[[str], Flask]:
    """Start the app with a plugin of one hook, Carl's invitation owed."""

    def start(hook: str) -> Flask:
        folder = tmp_path / "plugins"
        folder.mkdir(mode=0o755)
        (folder / "says.py").write_text(PLUGIN.format(hook=hook))
        (folder / "says.py").chmod(0o644)
        app = make_app()
        with app.app_context():
            open_account("Acme", slug="acme", owner_email="ada@acme.example", owner_name="Ada")
        owe(app, "carl@carter.example")
        with app.app_context():
            drain()
        return app

    return start


def test_what_a_plugin_adds_stands_in_the_message(
    having: Callable[[str], Flask], postman: Postman
) -> None:
    having(ADDS)
    letter = postman.last_to("carl@carter.example")
    assert "Our office is closed in August (invite)." in letter.text
    assert "Our office is closed in August (invite)." in letter.html


def test_the_channel_that_a_plugin_chooses_carries_it(
    having: Callable[[str], Flask], postman: Postman
) -> None:
    app = having(CHOOSES)
    found = the_delivery(app)
    assert (found.channel, found.status) == ("pigeon", Status.SENT)
    assert found.reply == "flown to carl@carter.example"
    assert postman.letters == []
    (sent,) = events(app, "sent")
    assert sent.detail["channel"] == "pigeon"


def test_a_channel_that_a_plugin_chooses_keeps_its_own_pace(
    having: Callable[[str], Flask], clock: Clock
) -> None:
    app = having(CHOOSES)
    vars(app.extensions["portal_plugins"].channels["pigeon"])["caps"] = Caps(
        address="email", idempotent=True, rate=60
    )
    owe(app, *clients(5))
    times = []
    for _ in range(6):
        with app.app_context():
            drain()
        times.append(sum(one.status == Status.SENT for one in deliveries(app)) - 1)
        clock.goes_on(seconds=1)
    assert times == [1, 2, 3, 4, 5, 5]


def test_a_channel_that_rests_sends_nothing_that_a_plugin_gives_it(
    having: Callable[[str], Flask], clock: Clock
) -> None:
    app = having(CHOOSES)
    pigeon = app.extensions["portal_plugins"].channels["pigeon"]
    vars(pigeon)["send"] = lambda _request, _settings: shut()
    owe(app, *clients(4))
    with app.app_context():
        drain()
    waiting = deliveries(app)[1:]
    assert {(one.channel, one.status, one.held) for one in waiting} == {("pigeon", "queued", True)}
    (paused,) = events(app, "channel_paused")
    assert paused.detail["channel"] == "pigeon"
    del vars(pigeon)["send"]
    clock.goes_on(minutes=5)
    with app.app_context():
        drain()
    assert {one.status for one in deliveries(app)} == {Status.SENT}


def test_a_channel_that_does_not_say_whether_it_is_ready_holds_nobody_up(
    having: Callable[[str], Flask],
) -> None:
    """In a thread, as in the web, where nothing can be interrupted."""
    app = having(ADDS)
    pigeon, over = app.extensions["portal_plugins"].channels["pigeon"], threading.Event()
    vars(pigeon)["is_ready"] = lambda _settings: over.wait(20)

    def ask() -> list[str]:
        with app.app_context():
            acme = Account.by_slug("acme")
            assert acme
            db.session.commit()
            return [name for _ in range(3) for name in order(acme, "invite")]

    began = time.monotonic()
    with ThreadPoolExecutor(1) as thread:
        assert "pigeon" not in thread.submit(ask).result()
    over.set()
    assert time.monotonic() - began < 10


def shut() -> Sent:
    raise AuthenticationError("The pigeons do not know us.")


def test_what_a_plugin_stops_is_cancelled_with_its_words(
    having: Callable[[str], Flask], postman: Postman
) -> None:
    app = having(STOPS)
    found = the_delivery(app)
    assert found.status == Status.CANCELLED
    assert found.error == "carl@carter.example has asked not to be written to."
    assert postman.letters == []

"""Plugins that listen hear of each event at least once and in order, whatever one of them does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal.db import db
from portal.flows.observe import BATCH, observe
from portal.flows.open_account import open_account
from portal.models.event import Event
from portal.models.plugin_fault import PluginFault
from portal.plugins import guard
from tests.delivery.conftest import Clock
from tests.delivery.provider import clients, owe
from tests.wait import wait_for

LISTENER = """
from pathlib import Path
from portal.hookspecs import hookimpl

@hookimpl
def portal_event(event):
    with Path({heard!r}).open("a") as kept:
        kept.write(f"{{event.id}} {{event.kind}}\\n")
    {then}
"""


class Listener:
    """A plugin in the operator's folder, and what it heard."""

    def __init__(self, home: Path, name: str, then: str = "pass") -> None:
        self.heard = home / f"{name}.heard"
        folder = home / "plugins"
        folder.mkdir(exist_ok=True, mode=0o755)
        source = folder / f"{name}.py"
        source.write_text(LISTENER.format(heard=str(self.heard), then=then))
        source.chmod(0o644)

    @property
    def ids(self) -> list[int]:
        if not self.heard.exists():
            return []
        return [int(line.split()[0]) for line in self.heard.read_text().splitlines()]


@pytest.fixture
def started(make_app: Callable[..., Flask], clock: Clock) -> Callable[[], Flask]:
    def start() -> Flask:
        app = make_app()
        with app.app_context():
            observe()  # from here on they listen
            open_account("Acme", slug="acme", owner_email="ada@acme.example", owner_name="Ada")
        return app

    return start


def tell(app: Flask, clock: Clock) -> int:
    clock.goes_on(seconds=3)
    with app.app_context():
        return observe()


def all_events(app: Flask) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(db.select(Event.id).order_by(Event.id)))


def test_each_hears_of_all_in_order_and_once(
    started: Callable[[], Flask], tmp_path: Path, clock: Clock
) -> None:
    one, other = Listener(tmp_path, "one"), Listener(tmp_path, "other")
    app = started()
    owe(app, *clients(BATCH + 20))
    for _ in range(4):
        tell(app, clock)
    assert one.ids == other.ids == all_events(app)
    assert len(one.ids) > BATCH
    assert tell(app, clock) == 0


def test_what_is_a_moment_old_is_told_later(
    started: Callable[[], Flask], tmp_path: Path, clock: Clock
) -> None:
    one = Listener(tmp_path, "one")
    app = started()
    owe(app, "carl@carter.example")
    with app.app_context():
        assert observe() == 0
    tell(app, clock)
    assert one.ids == all_events(app)


def test_one_that_raises_is_reported_and_goes_on(
    started: Callable[[], Flask], tmp_path: Path, clock: Clock
) -> None:
    bad = Listener(tmp_path, "bad", "raise ValueError('it does not like this')")
    good = Listener(tmp_path, "good")
    app = started()
    owe(app, *clients(3))
    tell(app, clock)
    assert bad.ids == good.ids == all_events(app)
    with app.app_context():
        faults = list(db.session.scalars(db.select(PluginFault)))
    assert {(one.plugin, one.hook) for one in faults} == {("bad", "portal_event")}
    assert sum(one.count for one in faults) == len(bad.ids)


def test_one_that_ends_the_process_hears_the_batch_again_and_nobody_else_misses_any(
    started: Callable[[], Flask], tmp_path: Path, clock: Clock
) -> None:
    bad = Listener(tmp_path, "bad", "raise KeyboardInterrupt")
    good = Listener(tmp_path, "good")
    app = started()
    owe(app, *clients(3))
    for _ in range(40):
        with pytest.raises(KeyboardInterrupt):
            tell(app, clock)
        if good.ids:
            break
    assert set(bad.ids) == {all_events(app)[0]}
    assert good.ids == all_events(app)


def test_a_plugin_that_comes_later_takes_nothing_from_the_first(
    make_app: Callable[..., Flask], started: Callable[[], Flask], tmp_path: Path, clock: Clock
) -> None:
    """The portal is started anew with one plugin more, while events wait to be told."""
    one = Listener(tmp_path, "one")
    app = started()
    owe(app, *clients(3))
    late = Listener(tmp_path, "late")
    again = make_app()
    with again.app_context():
        observe()
    owe(again, "carl@carter.example")
    tell(again, clock)
    assert one.ids == all_events(app)
    assert 0 < len(late.ids) < len(one.ids)


def test_one_that_is_too_slow_hears_of_it_later(
    started: Callable[[], Flask], tmp_path: Path, clock: Clock, monkeypatch: Any
) -> None:
    monkeypatch.setitem(guard.LIMITS, "portal_event", 0.2)
    monkeypatch.setattr("portal.plugins.guard.REST_SECONDS", 0.3)
    slow = Listener(tmp_path, "slow", "import time; time.sleep(5)")
    good = Listener(tmp_path, "good")
    app = started()
    owe(app, *clients(5))
    tell(app, clock)
    assert len(slow.ids) == 3, "after three strikes it is left alone"
    assert good.ids == all_events(app)
    wait_for(lambda: tell(app, clock) >= 0 and set(slow.ids) == set(good.ids), within=10)
    assert slow.ids == good.ids


def test_a_clock_that_was_put_back_hides_no_event(
    started: Callable[[], Flask], tmp_path: Path, clock: Clock
) -> None:
    one = Listener(tmp_path, "one")
    app = started()
    owe(app, *clients(2))
    clock.goes_on(hours=-25)
    owe(app, *clients(2, "late.example"))
    tell(app, clock)
    assert one.ids == all_events(app)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_listener_that_hangs_or_dies_stops_no_message(
    make_app: Callable[..., Flask], works: Callable[..., None], tmp_path: Path, postman: Any
) -> None:
    bad = Listener(tmp_path, "bad", "import os; os._exit(1)")
    app = make_app()
    with app.app_context():
        observe()
        open_account("Acme", slug="acme", owner_email="ada@acme.example", owner_name="Ada")
    owe(app, *clients(5))
    works(app, processes=1)
    wait_for(lambda: len(postman.letters) == 5)
    wait_for(lambda: len(bad.ids) >= 2, what="it is told again")
    assert len(set(bad.ids)) == 1

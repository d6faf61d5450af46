"""Fairness: whose provider hangs keeps the others' messages waiting for a second at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask

from portal.attempt import Job
from portal.channel import SendRequest, Sent, TemporaryError
from portal.db import db
from portal.flows.deliver import deliver
from portal.flows.take_over import take_over
from portal.lanes import PROMPT_SECONDS, Lanes, Left, Seat, lane_of
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.claims import claim
from portal.models.delivery import Delivery, Status
from tests.cast import Client, World
from tests.delivery.provider import Provider, clients, owe, raises, takes
from tests.wait import wait_for

HANGS = 24
SOON = 12.0


def _hangs(_request: SendRequest) -> Sent:
    time.sleep(HANGS)
    return Sent()


def own_settings(app: Flask, slug: str) -> None:
    """Let the account have a mail server of its own."""
    with app.app_context():
        account = Account.by_slug(slug)
        assert account
        ChannelSetting.find_or_add(account.id, "email").keep({"host": "mail.acme.example"})
        db.session.commit()


def hanging_for(*names: str) -> Callable[[SendRequest], Sent]:
    return lambda request: _hangs(request) if request.sender_name in names else takes(request)


def sent(app: Flask, slug: str) -> int:
    with app.app_context():
        account = Account.by_slug(slug)
        assert account
        query = db.select(db.func.count()).where(
            Delivery.account_id == account.id, Delivery.status == Status.SENT
        )
        return db.session.scalar(query) or 0


def goes_through(app: Flask, slug: str, count: int) -> float:
    began = time.monotonic()
    wait_for(lambda: sent(app, slug) == count, within=HANGS * 3)
    return time.monotonic() - began


@pytest.mark.parametrize("processes", [2, 3])
def test_an_account_whose_server_hangs_leaves_a_worker_for_the_others(
    world: World, works: Callable[..., None], processes: int
) -> None:
    Provider.of(world.app, hanging_for("Acme"))
    own_settings(world.app, "acme")
    owe(world.app, *clients(40))
    owe(world.app, *clients(20, "birds.example"), slug="birch")
    works(world.app, processes=processes)
    assert goes_through(world.app, "birch", 20) < SOON


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_server_that_falls_silent_in_the_middle_holds_nobody_else(
    world: World, works: Callable[..., None]
) -> None:
    """It was prompt, so all workers are with it when it stops answering."""

    def tires(request: SendRequest) -> Sent:
        return (
            _hangs(request) if "tired" in request.to and "Acme" in request.sender_name else Sent()
        )

    Provider.of(world.app, tires)
    own_settings(world.app, "acme")
    owe(world.app, *clients(30), *clients(20, "tired.example"))
    works(world.app, processes=2)
    wait_for(lambda: sent(world.app, "acme") >= 10)
    owe(world.app, *clients(20, "birds.example"), slug="birch")
    assert goes_through(world.app, "birch", 20) < SOON


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_worker_alone_still_gets_to_everybody(world: World, works: Callable[..., None]) -> None:
    Provider.of(world.app, hanging_for("Acme"))
    own_settings(world.app, "acme")
    owe(world.app, *clients(3))
    owe(world.app, *clients(5, "birds.example"), slug="birch")
    works(world.app, processes=1)
    assert goes_through(world.app, "birch", 5) < SOON


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_two_thousand_in_front_do_not_keep_one_waiting(
    world: World, works: Callable[..., None]
) -> None:
    Provider.of(world.app, hanging_for("Acme"))
    own_settings(world.app, "acme")
    (first,) = owe(world.app, "first@carter.example")
    with world.app.app_context():
        columns = ", ".join(
            column.name for column in Delivery.__table__.columns if column.name != "id"
        )
        db.session.execute(
            db.text(
                f"INSERT INTO delivery ({columns}) SELECT {columns} FROM delivery, "
                "generate_series(1, 2000) WHERE delivery.id = :id"
            ),
            {"id": first},
        )
        db.session.commit()
    owe(world.app, *clients(5, "birds.example"), slug="birch")
    world.app.extensions["portal_queue"].huey.storage.flush_queue()
    works(world.app, processes=2)
    assert goes_through(world.app, "birch", 5) < SOON * 1.5


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_clients_ask_for_goes_by_the_lane_of_their_account(
    world: World, carl: Client, works: Callable[..., None]
) -> None:
    """Acme's own server hangs with Carl's link: nobody else's lane is the slower for it."""
    Provider.of(world.app)
    own_settings(world.app, "acme")
    owe(world.app, carl.email)
    world.worker.drains()
    Provider.of(world.app, hanging_for("Acme"))
    owe(world.app, *clients(1, "birds.example"), slug="birch")
    works(world.app, processes=2)
    goes_through(world.app, "birch", 1)
    for _ in range(2):
        carl.another_browser().opens("/p/acme/").presses(
            "Email me a sign-in link", email=carl.email
        )
    owe(world.app, *clients(20, "nest.example"), slug="birch")
    assert goes_through(world.app, "birch", 21) < SOON


class TestLanes:
    """Who may enter where, without processes."""

    def test_a_slow_lane_never_gets_the_last_worker(self) -> None:
        lanes, slow = Lanes(3), lane_of(1, "email")
        _was(lanes, slow, PROMPT_SECONDS * 2)
        assert [lanes.enter(worker, slow) for worker in range(3)] == [True, True, False]

    def test_two_slow_lanes_share_what_one_may_have(self) -> None:
        lanes, one, other = Lanes(3), lane_of(1, "email"), lane_of(2, "email")
        for lane in (one, other):
            _was(lanes, lane, PROMPT_SECONDS * 2)
        assert [lanes.enter(0, one), lanes.enter(1, other), lanes.enter(2, one)] == [
            True,
            True,
            False,
        ]

    def test_a_prompt_lane_may_have_all(self) -> None:
        lanes, quick = Lanes(2), lane_of(1, "email")
        _was(lanes, quick, 0.01)
        assert [lanes.enter(0, quick), lanes.enter(1, quick)] == [True, True]

    def test_a_newcomer_does_not_wait_for_those_that_hang(self) -> None:
        lanes, slow, fresh = Lanes(2), lane_of(1, "email"), lane_of(2, "email")
        _was(lanes, slow, PROMPT_SECONDS * 2)
        assert lanes.enter(0, slow)
        assert lanes.enter(1, fresh)

    def test_one_worker_takes_whatever_comes(self) -> None:
        lanes, slow = Lanes(1), lane_of(1, "email")
        _was(lanes, slow, PROMPT_SECONDS * 2)
        assert lanes.enter(0, slow)


def _was(lanes: Lanes, lane: int, seconds: float) -> None:
    assert lanes.enter(0, lane)
    lanes.hold(0, [(1, 1)])
    lanes.begin(0, 0)
    lanes.end(0, 0, was_sent=True, seconds=seconds)
    lanes.leave(0)


def test_what_a_worker_gave_back_is_not_taken_from_whoever_holds_it_then(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies a moment after: its parent ends the leases of what it held, and no other."""
    provider, seat = Provider.of(world.app), Seat(Lanes(1), 0)
    left: list[Left] = []

    def die(*_ends: object) -> list[Job]:
        left.append(seat.lanes.left_by(0))
        return []

    with world.app.app_context():
        deliver(owe(world.app, "first@carter.example")[0], seat)
        provider.does = [raises(TemporaryError("Nobody answers.", cause="unreachable"))]
        first, *others = owe(world.app, *clients(4))
        monkeypatch.setattr("portal.flows.deliver._finish_and_take", die)
        deliver(first, seat)
        assert len(provider.requests) == 2, "three were given back"
        held = [claim(one)[0] for one in others]
        db.session.commit()
        take_over(left[0], how="SIGKILL", is_plugins_fault=False)
        leases = {row.id: row.lease_until for row in db.session.scalars(db.select(Delivery))}
    assert all(leases[one.delivery_id] > datetime.now(UTC) for one in held)

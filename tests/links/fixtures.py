"""Fixtures of the tests about links, sessions and limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.cast import Client, World
from tests.links.acme import Acme


class Clock:
    """The time of day, which passes when a test says so (and on its own)."""

    def __init__(self, coordinates: time_machine.Coordinates) -> None:
        self._coordinates = coordinates

    def passes(self, **much: float) -> None:
        self._coordinates.shift(timedelta(**much))


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Take it before `world`: the rows of the cast are then of the same time."""
    with time_machine.travel(datetime.now(UTC), tick=True) as coordinates:
        yield Clock(coordinates)


@pytest.fixture
def acme(world: World) -> Acme:
    return Acme(world)


@pytest.fixture
def invited(acme: Acme, carl: Client) -> Client:
    """Carl, whom Acme has invited."""
    acme.invites(carl.email)
    return carl


@pytest.fixture
def joined(invited: Client) -> Client:
    """Carl, signed in on his phone."""
    invited.signs_in().sees("Welcome to Acme")
    return invited

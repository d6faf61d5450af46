"""One house for all the tests of a process; each test's visitors leave when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.house import PATIENCE, Desk, House

expect.set_options(timeout=PATIENCE * 1000)
HERE, HOUSES = Path(__file__).parent, 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give these tests to two of the processes: each that has some opens a house for them."""
    number = count()
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group(f"house {next(number) % HOUSES}"))


@pytest.fixture(scope="session")
def standing_house(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[House]:
    house = House.open(tmp_path_factory.mktemp("house") / "home", browser).gets_birch()
    yield house
    house.portico.stop()


@pytest.fixture
def house(standing_house: House) -> Iterator[House]:
    """A running portal. No browser in it may complain of anything."""
    yield standing_house
    assert standing_house.all_leave() == []


@pytest.fixture
def new_house(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[House]:
    """A portal that has never been used, for those who come in by the link it prints."""
    house = House.open(tmp_path_factory.mktemp("house") / "home", browser)
    yield house
    complaints = house.all_leave()
    house.portico.stop()
    assert complaints == []


@pytest.fixture
def ada(house: House) -> Desk:
    """The owner of Acme, signed in."""
    return house.staff()

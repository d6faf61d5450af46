"""Every page in every state: accessible, quiet, and never wider than the screen."""

from __future__ import annotations

import pytest

from tests.browser import states
from tests.browser.house import House
from tests.browser.looking import WIDTHS, overflow, sees, violations


@pytest.mark.parametrize("walk", states.ALL, ids=lambda walk: walk.__name__)
def test_pages_are_accessible_and_fit(house: House, walk: states.States) -> None:
    trouble: dict[str, list[str]] = {}
    for name, page in walk(house):
        found = violations(page, is_letter=walk is states.letters)
        trouble[name] = found + [f"too wide: {part}" for part in overflow(page)]
        sees(page, "light", WIDTHS[0])
    assert trouble
    assert {name: found for name, found in trouble.items() if found} == {}

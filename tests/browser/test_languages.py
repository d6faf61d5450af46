"""The desk in every language: words that are longer than English ones find room on a phone.

Every state of every page is looked at in all of them by `python -m tests.browser.languages`.
"""

from __future__ import annotations

import pytest

from portal.languages import LANGUAGES
from tests.browser.house import House
from tests.browser.looking import overflow, violations

PAGES = ("", "contacts/?select=1&seen=30", "deliveries/", "channels/", "channels/email",
         "settings/", "team/", "runs/new", "adoption/", "history/", "words/",
         "domain/")  # fmt: skip
PHONE = 360


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - {"en", "ar"}))
def test_the_desk_fits_on_a_phone_and_is_accessible(house: House, language: str) -> None:
    """Arabic has states of its own among those of every page."""
    desk = house.staff(locale=language)
    trouble = {}
    for path in PAGES:
        page = desk.at(path)
        assert page.locator("html").get_attribute("lang") == language
        trouble[path] = [*overflow(page), *violations(page, schemes=("light",), widths=(PHONE,))]
    assert {path: found for path, found in trouble.items() if found} == {}

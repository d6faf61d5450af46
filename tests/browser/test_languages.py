"""The desk in every language: words that are longer than English ones find room on a phone."""

from __future__ import annotations

import pytest

from portal.languages import LANGUAGES
from tests.browser.house import House
from tests.browser.looking import overflow, violations

PAGES = ("", "contacts/?select=1&seen=30", "deliveries/", "channels/", "channels/email",
         "settings/", "team/", "runs/new", "adoption/", "history/", "words/",
         "domain/")  # fmt: skip


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - {"en", "ar"}))
def test_the_desk_fits_on_a_phone_and_is_accessible(house: House, language: str) -> None:
    """Arabic has states of its own among those of every page."""
    desk = house.staff(locale=language)
    beyond = {}
    for path in PAGES:
        page = desk.at(path)
        assert page.locator("html").get_attribute("lang") == language
        beyond[path] = overflow(page)
    assert {path: found for path, found in beyond.items() if found} == {}
    assert violations(desk.at("channels/email")) == []

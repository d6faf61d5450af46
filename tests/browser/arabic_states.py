"""The main pages of the desk for staff whose browser asks for Arabic: from right to left."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page

from tests.browser.house import House


def desk_in_arabic(house: House) -> Iterator[tuple[str, Page]]:
    desk = house.staff(locale="ar")
    page = desk.at()
    assert page.evaluate("document.dir") == "rtl"
    yield "overview, in Arabic", page
    yield "contacts, in Arabic", desk.at("contacts/?select=1&seen=30")
    desk.at("contacts/")
    page.locator("ul.people a").first.click()
    page.locator("#timeline").wait_for()
    yield "contact, in Arabic", page
    yield "channels, in Arabic", desk.at("channels/")
    yield "adoption, in Arabic", desk.at("adoption/")
    desk.at()
    page.locator(".head summary").click()
    page.locator(".head [data-dialog]").first.click()
    page.get_by_role("dialog").wait_for()
    yield "invite dialog, in Arabic", page
    yield "language, in Arabic", desk.visitor.opens("/admin/_language/?back=acme")

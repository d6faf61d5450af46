"""The page of the own domain in every state, and the portal's door there."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser.house import BEA, House


def domain(house: House) -> Iterator[tuple[str, Page]]:
    desk = house.staff(BEA, "birch")
    page = desk.at("domain/")
    yield "domain, none", page
    page.get_by_label("Domain", exact=True).fill("https://birch.example/door")
    _presses(page, "Show the records")
    expect(page.get_by_label("Domain", exact=True)).to_be_focused()
    yield "domain refused", page
    page.get_by_label("Domain", exact=True).fill("clients.of-birch-and-sons.invalid")
    _presses(page, "Show the records")
    expect(page.get_by_text("Waiting for the records.")).to_be_visible()
    yield "domain, waiting for its records", page
    page.get_by_label("Domain", exact=True).fill("birch.localhost")
    _presses(page, "Show the records")
    _presses(page, "Check now")
    expect(page.get_by_text("birch.localhost is in use.")).to_be_visible()
    yield "domain in use", page
    own = house.url.replace(page.url.split("/")[2].split(":")[0], "birch.localhost")
    house.urls.append(own)
    visitor = house.visitor().opens(own)
    expect(visitor.get_by_label("Your e-mail address")).to_be_visible()
    assert visitor.url == f"{own}/"
    yield "sign-in at the own domain", visitor
    desk.adds("Dora Door", "dora@door-of-birch.example")
    visitor.goto(desk.magic_link("dora@door-of-birch.example"))
    assert visitor.url.startswith(f"{own}/l/open/")
    _presses(visitor, "Sign in")
    expect(visitor.get_by_role("link", name="Papers")).to_be_visible()
    visitor.get_by_role("link", name="Papers").click()
    expect(visitor.get_by_text("None yet.")).to_be_visible()
    assert visitor.url == f"{own}/s/papers"
    yield "section at the own domain", visitor
    desk.at("domain/")
    page.get_by_role("link", name="Remove").click()
    dialog = page.get_by_role("dialog", name="Remove the domain?")
    expect(dialog).to_be_visible()
    yield "dialog to remove the domain", page
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("birch.localhost was removed.")).to_be_visible()


def _presses(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()

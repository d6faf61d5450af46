"""The settings of an account and the ends of access in every state, for those who look at them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta

from playwright.sync_api import Page, expect

from tests.browser.house import BEA, House

State = tuple[str, Page]


def account_settings(house: House) -> Iterator[State]:
    desk = house.staff(BEA, "birch")
    page = desk.at("settings/")
    yield "settings", page
    links = page.get_by_role("region", name="Links")
    links.get_by_label("A link that a client asked for works for", exact=True).fill("90")
    links.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Choose from 1 minute to 1 hour.")).to_be_visible()
    yield "settings refused", page
    desk.adds("Una Unasked", "una@unasked.example")
    link = desk.magic_link("una@unasked.example")
    visitor = house.visitor().opens(link)
    visitor.get_by_role("button", name="Sign in").click()
    visitor.get_by_role("heading", level=1).wait_for()
    asking = house.visitor().opens("/p/birch/")
    asking.get_by_label("Your e-mail address").fill("una@unasked.example")
    asking.get_by_role("button", name="Email me").click()
    house.tells("account", "set", "birch", "has-code", "off")
    asking.goto("/p/birch/code")
    yield "code page without a code", asking
    house.tells("account", "set", "birch", "may-ask", "off")
    yield "sign-in page that asks to ask", house.visitor().opens("/p/birch/")
    yield "dead link that asks to ask", house.visitor().opens(link)
    house.tells("account", "set", "birch", "may-ask", "default")
    house.tells("account", "set", "birch", "has-code", "default")


def ends_of_access(house: House) -> Iterator[State]:
    desk, email = house.staff(), "elsa@ending.example"
    desk.adds("Elsa Ending", email)
    visitor = house.visitor().opens(desk.magic_link(email))
    visitor.get_by_role("button", name="Sign in").click()
    link = desk.magic_link(email)
    page = desk.page_of(email)
    page.get_by_role("link", name="Access ends").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Access ends").fill("2001-01-01T09:00")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("This time is over.")).to_be_visible()
    yield "end of access, dialog refused", page
    dialog.get_by_role("button", name="In 7 days").click()
    expect(page.get_by_text("The access of Elsa Ending ends on")).to_be_visible()
    yield "contact whose access ends", page
    visitor.goto("/p/acme/")
    expect(visitor.get_by_text("Your access ends on")).to_be_visible()
    yield "home of somebody whose access ends", visitor
    _let_it_end(house)
    yield "contact whose access has ended", desk.page_of(email)
    yield "contacts whose access has ended", desk.at("contacts/?status=ended")
    yield "end of access, extending", desk.at(f"{_path_of(desk.page_of(email))}access-end/")
    yield "dead link after the end", house.visitor().opens(link)
    ids = _path_of(desk.page_of(email)).strip("/").rpartition("/")[2]
    page = desk.at(f"contacts/selection/?deed=end_access&scope=these&ids={ids}")
    page.get_by_role("button", name="No end").click()
    page.get_by_text("has no end now").wait_for()


def _path_of(page: Page) -> str:
    """Return the address of a contact's page below the account's: "contacts/7/"."""
    return page.url.partition("/acme/")[2].partition("?")[0].rstrip("/") + "/"


def _let_it_end(house: House) -> None:
    over = (datetime.now() - timedelta(hours=2)).timestamp()
    with sqlite3.connect(house.portico.home / "portal.db", timeout=10) as database:
        database.execute(
            "UPDATE portal_access SET ends_at = ? WHERE ends_at IS NOT NULL", (int(over * 10**6),)
        )
    database.close()

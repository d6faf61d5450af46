"""The help article's steps, walked by their labels alone, with JavaScript and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.house import House, Visitor, eventually

IN_THE_PORTAL = "You are in"


@pytest.mark.parametrize("has_script", [True, False], ids=["with scripts", "without scripts"])
def test_the_help_article_leads_three_clients_in(new_house: House, has_script: bool) -> None:
    ada = new_house.visitor(java_script_enabled=has_script)
    desk = ada.opens(new_house.portico.line("Owner sign-in"))
    desk.get_by_role("button", name="Sign in").click()
    expect(desk.get_by_role("heading", name="Client Portal", exact=True)).to_be_visible()

    invites(desk, "Carl", "Carl Carter", has_script)
    carl = new_house.visitor(java_script_enabled=has_script)
    presses_button_of_letter(carl, "carl.carter@carter-joinery.example", "Open the client portal")
    expect(carl.page.get_by_role("heading", name=re.compile("Good .*, Carl"))).to_be_visible()

    sends_login_email(desk, "Priya", "Priya Raman", has_script)
    priya = new_house.visitor(java_script_enabled=has_script)
    presses_button_of_letter(priya, "priya@ramanstudio.example", "Sign in")
    expect(priya.page.get_by_role("heading", name=re.compile("Good .*, Priya"))).to_be_visible()

    link = generates_link(desk, "layla", "ليلى حداد", has_script)
    layla = new_house.visitor(java_script_enabled=has_script)
    layla.opens(link).get_by_role("button", name="Sign in").click()
    expect(layla.page.get_by_role("heading", name=IN_THE_PORTAL)).to_be_visible()
    expect(layla.page).to_have_url(new_house.portico.line("Client Portal URL") + "/")


def invites(desk: Page, typed: str, name: str, has_script: bool) -> None:
    sheet = chooses(desk, "Invite to Client Portal", has_script)
    picks(sheet, "Contact or e-mail address", typed, name, has_script)
    sheet.get_by_label("Personal note").fill("We look forward to seeing you here.")
    press(sheet, "Send Invite")
    if not has_script:
        sheet.get_by_role("radio", name=name).check()
        press(sheet, "Send Invite")
    expect(desk.get_by_text(re.compile("Invitation to .* is on its way"))).to_be_visible()


def sends_login_email(desk: Page, typed: str, name: str, has_script: bool) -> None:
    sheet = chooses(desk, "Send Login Email", has_script)
    picks(sheet, "Find contacts", typed, name, has_script)
    if not has_script:
        press(sheet, "Search")
        sheet.get_by_role("checkbox", name=name).check()
    press(sheet, "Send")
    expect(desk.get_by_text(re.compile("Login e-mail to .* is on its way"))).to_be_visible()


def generates_link(desk: Page, typed: str, name: str, has_script: bool) -> str:
    sheet = chooses(desk, "Generate Magic Link", has_script)
    picks(sheet, "Contact or e-mail address", typed, name, has_script)
    press(sheet, "Generate Magic Link")
    if not has_script:
        sheet.get_by_role("radio", name=name).check()
        press(sheet, "Generate Magic Link")
    expect(sheet.get_by_text("Works once", exact=True)).to_be_visible()
    return sheet.get_by_label("Link", exact=True).input_value()


def chooses(desk: Page, action: str, has_script: bool) -> Page | Locator:
    """Take *action* from the menu; return the dialog, or the page it is without scripts."""
    desk.get_by_role("link", name="Client Portal", exact=True).click()
    desk.get_by_text("Actions", exact=True).click()
    desk.get_by_role("link", name=action).click()
    if has_script:
        expect(desk.get_by_role("dialog", name=action)).to_be_visible()
        return desk.get_by_role("dialog")
    expect(desk.get_by_role("heading", name=action)).to_be_visible()
    return desk


def picks(sheet: Page | Locator, label: str, typed: str, name: str, has_script: bool) -> None:
    field = sheet.get_by_label(label)
    if has_script:
        field.press_sequentially(typed)
        sheet.get_by_role("option", name=name).click()
    else:
        field.fill(typed)


def press(sheet: Page | Locator, words: str) -> None:
    sheet.get_by_role("button", name=words, exact=True).click()


def presses_button_of_letter(client: Visitor, address: str, button: str) -> None:
    """Read the newest message to *address* in the mailbox, press its button, and then ours."""
    page = client.page

    def arrives() -> bool:
        page.goto(client.house.portico.line("Mailbox"))
        return page.get_by_role("link", name=address).count() > 0

    eventually(arrives, f"a message to {address}")
    page.get_by_role("link", name=address).first.click()
    letter = page.get_by_title("The message as HTML").content_frame
    letter.get_by_role("link", name=button, exact=True).click()
    page.get_by_role("button", name="Sign in").click()

"""Passkeys in a real browser: made, used alone and as a second step, and taken away."""

from __future__ import annotations

import re
from base64 import b32decode

from playwright.sync_api import Page, expect

from portal import totp
from portal.db import now
from tests.browser.house import House
from tests.browser.states import presses

PIA = "pia.passkey@acme.example"
NO_SUGGESTIONS = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"


def test_a_passkey_is_made_used_and_removed(house: House) -> None:
    visitor = house.visitor()
    link = house.tells("staff", "add", PIA, "--account", "acme", "--name", "Pia")
    page = visitor.opens(link)
    presses(page, "Sign in")
    page.goto("/admin/_sign-in/")
    expect(page.get_by_role("button", name="Add a passkey")).to_be_visible()
    finger = visitor.has_passkeys()
    page.get_by_label("What to call it").fill("Pia's laptop")
    presses(page, "Add a passkey")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    keeps_recovery_codes(page)
    expect(page.get_by_text("Pia's laptop")).to_be_visible()
    presses(page, "Add a passkey")
    expect(page.get_by_role("alert").filter(has_text="on this device already")).to_be_visible()
    expect(page.get_by_role("button", name="Add a passkey")).to_be_focused()

    page.goto("/admin/accounts")
    presses(page, "Sign out")
    is_at_the_desk(page)  # the browser offers it among the suggestions of the e-mail field

    page.add_init_script(NO_SUGGESTIONS)
    signs_out(page)
    presses(page, "Sign in with a passkey")
    is_at_the_desk(page)

    signs_out(page)
    page.goto(house.tells("staff", "link", PIA))
    presses(page, "Sign in")
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    page.goto("/admin/acme/")
    expect(page.get_by_role("heading", name="Staff sign-in")).to_be_visible()
    page.goto("/admin/_second/")
    finger.is_known(False)
    presses(page, "Use a passkey")
    expect(page.get_by_role("alert").filter(has_text="Nothing was done")).to_be_visible()
    finger.is_known(True)
    presses(page, "Use a passkey")
    is_at_the_desk(page)

    page.goto("/admin/_sign-in/")
    page.get_by_role("button", name="Remove Pia's laptop").click()
    expect(page.get_by_text("opens nothing any more")).to_be_visible()
    signs_out(page)
    presses(page, "Sign in with a passkey")
    expect(page.get_by_role("alert").filter(has_text="did not work here")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_focused()


def test_without_scripts_no_passkey_is_offered_and_all_else_works(house: House) -> None:
    email = "nils.noscript@acme.example"
    page = house.visitor(java_script_enabled=False).opens(
        house.tells("staff", "add", email, "--account", "acme")
    )
    presses(page, "Sign in")
    page.goto("/admin/_sign-in/")
    expect(page.get_by_role("button", name="Add a passkey")).not_to_be_visible()
    expect(page.get_by_text("To add one you need JavaScript")).to_be_visible()
    presses(page, "Set up one-time codes")
    secret = b32decode(page.get_by_label("Or type this").input_value().replace(" ", ""))
    page.get_by_label("Code from the app").fill(totp.code_at(secret, totp.step_at(now())))
    presses(page, "Switch on")
    keeps_recovery_codes(page)
    signs_out(page)
    expect(page.get_by_role("button", name="Sign in with a passkey")).not_to_be_visible()
    page.goto(house.tells("staff", "link", email))
    presses(page, "Sign in")
    page.get_by_label("Code").fill(totp.code_at(secret, totp.step_at(now()) + 1))
    presses(page, "Sign in")
    is_at_the_desk(page)


def keeps_recovery_codes(page: Page) -> None:
    presses(page, "Make ten codes")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    text = download.value.path().read_text()
    assert len(re.findall(r"^[0-9a-z]{4}(?:-[0-9a-z]{4}){3}$", text, re.MULTILINE)) == 10
    page.get_by_role("link", name="I have kept them").click()


def signs_out(page: Page) -> None:
    page.goto("/admin/accounts")
    presses(page, "Sign out")
    expect(page.get_by_role("heading", name="Staff sign-in")).to_be_visible()


def is_at_the_desk(page: Page) -> None:
    expect(page.get_by_role("heading", name="Client Portal", exact=True)).to_be_visible()

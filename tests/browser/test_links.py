"""Links in a real browser: what scanners cannot do to them, and where the secret never stands."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.house import Desk, House, Visitor

IN_THE_PORTAL = re.compile("^Good ")


def test_a_scanner_that_runs_scripts_and_waits_leaves_the_link_usable(
    house: House, ada: Desk
) -> None:
    ada.adds("Carla Careful", "carla@careful.example")
    link = ada.magic_link("carla@careful.example")
    for _again in range(3):
        scanner = house.visitor()
        scanner.page.clock.install()
        scanner.opens(link)
        waits(scanner.page)
        expect(scanner.page.get_by_role("button", name="Sign in")).to_be_visible()
        assert not sessions(scanner)
    carla = house.visitor().opens(link)
    carla.get_by_role("button", name="Sign in").click()
    expect(carla.get_by_role("heading", name=IN_THE_PORTAL)).to_be_visible()


def test_the_token_is_in_no_address_title_history_or_referer(house: House, ada: Desk) -> None:
    ada.adds("Tess Token", "tess@token.example")
    link = ada.magic_link("tess@token.example")
    token = link.rsplit("/", 1)[1]
    tess = house.visitor()
    page = tess.opens(link)
    seen = [page.url, page.title(), page.content()]
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name=IN_THE_PORTAL)).to_be_visible()
    page.get_by_role("link", name="Your access").click()
    page.get_by_role("heading", name="Your access").wait_for()
    seen += [page.url, page.title(), page.content(), *history(page)]
    asked = [request for request in tess.requests if request.url != link]
    seen += [words for request in asked for words in (request.url, referer(request))]
    assert len(asked) > 8
    assert any(referer(request) for request in asked)
    assert [words for words in seen if token in words or token[:22] in words] == []


def test_the_browser_that_asked_need_not_press_the_button(house: House, ada: Desk) -> None:
    ada.invites("asa@asked.example", "Asa Asked")
    asa = house.visitor()
    asks(asa.page, "asa@asked.example")
    page = asa.opens(house.link_to("asa@asked.example", "Sign in"))
    expect(page.get_by_role("heading", name=IN_THE_PORTAL)).to_be_visible()


def test_another_browser_must_press_it(house: House, ada: Desk) -> None:
    ada.invites("otis@other.example", "Otis Other")
    asks(house.visitor().page, "otis@other.example")
    phone = house.visitor()
    phone.page.clock.install()
    page = phone.opens(house.link_to("otis@other.example", "Sign in"))
    waits(page)
    assert not sessions(phone)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name=IN_THE_PORTAL)).to_be_visible()


def test_without_scripts_the_browser_that_asked_presses_it_too(house: House, ada: Desk) -> None:
    ada.invites("nils@noscript.example", "Nils Noscript")
    nils = house.visitor(java_script_enabled=False)
    asks(nils.page, "nils@noscript.example")
    page = nils.opens(house.link_to("nils@noscript.example", "Sign in"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name=IN_THE_PORTAL)).to_be_visible()


def test_a_code_is_pasted_with_its_space(house: House, ada: Desk) -> None:
    ada.invites("cody@code.example", "Cody Code")
    page = house.visitor().page
    asks(page, "cody@code.example")
    field = page.get_by_label("Code from the message")
    expect(field).to_have_attribute("autocomplete", "one-time-code")
    field.fill(house.code_to("cody@code.example"))
    field.press("Enter")
    expect(page.get_by_role("heading", name=IN_THE_PORTAL)).to_be_visible()


def test_two_presses_at_once_open_one_session(house: House, ada: Desk) -> None:
    ada.adds("Dee Double", "dee@double.example")
    dee = house.visitor()
    page = dee.opens(ada.magic_link("dee@double.example"))
    page.get_by_role("button", name="Sign in").dblclick()
    expect(page.get_by_role("heading", name=IN_THE_PORTAL)).to_be_visible()
    page.get_by_role("link", name="Your access").click()
    expect(page.get_by_role("button", name=re.compile("^Sign out of"))).to_have_count(1)


def asks(page: Page, address: str) -> None:
    page.goto("/p/acme/")
    page.get_by_label("Your e-mail address").fill(address)
    page.get_by_role("button", name="Email me a sign-in link").click()
    expect(page.get_by_role("heading", name="Check your e-mail")).to_be_visible()


def waits(page: Page) -> None:
    """Stay for ten minutes of the page's own time, moving about as a scanner does."""
    page.wait_for_load_state("networkidle")
    page.mouse.move(100, 100)
    page.mouse.wheel(0, 300)
    page.clock.run_for("10:00")
    assert "/l/open/" in page.url


def sessions(visitor: Visitor) -> list[Any]:
    return [one for one in visitor.context.cookies() if one["name"] == "portal_acme"]


def history(page: Page) -> list[str]:
    entries = page.context.new_cdp_session(page).send("Page.getNavigationHistory")["entries"]
    return [words for entry in entries for words in (entry["url"], entry["title"])]


def referer(request: Any) -> str:
    return str(request.all_headers().get("referer", ""))

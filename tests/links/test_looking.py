"""Looking at a link uses nothing up: mail scanners look, and clients come back."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode

import pytest

from tests.cast import LAPTOP, PHONE, Client, Page, Stranger, World
from tests.links import rows
from tests.links.browsers import cookies

SCANNERS = [LAPTOP, PHONE, "Barracuda/1.0", "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"]


def token_of(link: str) -> str:
    return link.rsplit("/", 1)[1]


def test_opening_answers_303_with_a_short_http_only_cookie_and_writes_nothing(
    world: World, invited: Client
) -> None:
    link = invited.letter().link
    before = rows.dump(world.app)
    answer = invited.browser.asks("GET", link)
    assert answer.status_code == 303
    assert re.fullmatch(r"/l/open/[0-9a-f]{12}", answer.headers["Location"])
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith(f"portal_link_{answer.headers['Location'].rsplit('/', 1)[1]}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert 0 < int(re.findall(r"Max-Age=(\d+)", cookie)[0]) <= 3600
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert rows.dump(world.app) == before


def test_fifty_looks_of_every_kind_leave_the_link_usable(world: World, invited: Client) -> None:
    link = invited.letter().link
    invited.opens(link)  # that a person has seen it is noted, once
    before = rows.dump(world.app, but=("event",))
    for number in range(50):
        scanner = invited.another_browser(SCANNERS[number % len(SCANNERS)])
        method = ("GET", "HEAD", "OPTIONS")[number % 3]
        clean = scanner.asks("GET", link).headers["Location"]
        assert scanner.asks(method, link).status_code in (200, 303)
        assert scanner.asks(method, clean).status_code == 200
    assert rows.dump(world.app, but=("event",)) == before
    opened = [
        (event.detail["browser"], event.detail.get("is_program"))
        for event in rows.events(world.app, "opened")
    ]
    assert len(opened) == len(set(opened))
    assert {browser for browser, _is_program in opened} == {
        "Chrome on Windows", "Safari on iPhone", "An unknown browser", "Firefox on Windows"
    }  # fmt: skip
    invited.opens(link).presses("Sign in").sees("Welcome to Acme")


def test_a_crowd_of_scanners_cannot_fill_the_timeline(world: World, invited: Client) -> None:
    browsers = ["Edg/1", "OPR/1", "SamsungBrowser/1", "Firefox/1", "Chrome/1", "Safari/1"]
    systems = ["iPhone", "iPad", "Android", "Windows", "CrOS"]
    link = invited.letter().link
    for _twice in range(2):
        for agent in [f"{browser} {system}" for browser in browsers for system in systems]:
            invited.another_browser(agent).opens(link).sees("Nothing happens until you press")
    assert len(rows.events(world.app, "opened")) == len(browsers) * len(systems)


def test_the_token_leaves_no_trace_in_what_the_browser_shows_or_sends_on(
    world: World, invited: Client
) -> None:
    link = invited.letter().link
    page = invited.opens(link)
    for seen in (page, page.presses("Sign in"), invited.opens(link)):
        assert token_of(link) not in seen.url
        assert token_of(link) not in seen.title
        assert token_of(link) not in seen.response.get_data(as_text=True)
        assert token_of(link)[:22] not in str(seen.response.headers)
    # Whoever opens it signed out, after its use, sees no more of it.
    assert token_of(link) not in Stranger(world).opens(link).response.get_data(as_text=True)


def test_no_page_answers_with_more_of_an_address_than_its_first_letter(
    invited: Client, mallory: Stranger
) -> None:
    link = invited.letter().link
    mallory.opens(link).sees("c•••@carter.example")
    invited.signs_in()
    dead = mallory.opens(link).sees("c•••@carter.example")
    code_page = dead.presses("Email me a new link").sees("c•••@carter.example")
    for page in (dead, code_page, code_page.presses("Sign in", code="0000 0000")):
        assert_hides(page, invited.email)
    again = code_page.presses("Send it again").sees("c•••@carter.example")
    assert_hides(again, invited.email)


def assert_hides(page: Page, email: str) -> None:
    assert email not in page.response.get_data(as_text=True)
    for value in cookies(page.browser).values():
        assert email not in value
        for part in value.split("."):
            readable = urlsafe_b64decode(part + "=" * (-len(part) % 4))
            assert email.encode() not in readable
            assert b"carl" not in readable


@pytest.mark.parametrize("agent", [LAPTOP, PHONE])
def test_no_script_presses_for_a_browser_that_did_not_ask(invited: Client, agent: str) -> None:
    invited.letter()
    invited.asks_for_link()
    link = invited.letter().link
    page = invited.another_browser(agent).opens(link)
    assert not page.soup.select("[data-autopress], script[src*=autopress]")
    assert invited.opens(link).soup.select("form[data-autopress]")

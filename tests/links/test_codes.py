"""A code works in the browser that asked, a few times, and beats a click from elsewhere."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import event

from portal.db import db
from tests.cast import LAPTOP, Browser, Client, Page, Stranger, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.browsers import CHROME, SAFARI, cookie, twin
from tests.links.fixtures import Clock

OFF = "Too many tries. The link in the message still works."
WRONG = "That code does not match"


def wrong(code: str) -> str:
    """Another code of the right shape."""
    return f"{(int(code.replace(' ', '')) + 1) % 10**8:08d}"


def asked(client: Client) -> tuple[Page, str]:
    """The code page of a client who has asked, and the code in the message."""
    client.letters()
    page = client.asks_for_link()
    return page, client.letter().code


def test_a_code_is_taken_however_it_is_written(clock: Clock, invited: Client) -> None:
    for written in ("{}{}", "{} {}", "{}-{}", "  {}  {} "):
        page, code = asked(invited)
        home = page.presses("Sign in", code=written.format(*code.split()))
        home.sees("Welcome to Acme").presses("Sign out")
        clock.passes(minutes=2)


def test_what_cannot_be_a_code_costs_no_try(world: World, invited: Client) -> None:
    page, code = asked(invited)
    before = rows.dump(world.app)
    for typed in ("", "1234567", "123456789", "abcdefgh", "1234 567", "-"):
        page.presses("Sign in", code=typed).does_not_see(WRONG, OFF)
    assert rows.dump(world.app) == before
    page.presses("Sign in", code=code).sees("Welcome to Acme")


def test_a_code_works_in_no_other_browser(world: World, invited: Client, mallory: Stranger) -> None:
    page, code = asked(invited)
    mallory.opens("/p/acme/code").is_at("/p/acme/")
    elsewhere = mallory.opens("/p/acme/").presses("Email me a sign-in link", email=invited.email)
    elsewhere.presses("Sign in", code=code).sees(WRONG)
    assert rows.sessions(world.app) == []
    page.presses("Sign in", code=code).sees("Welcome to Acme")


def test_a_code_works_once(world: World, invited: Client) -> None:
    page, code = asked(invited)
    again = twin(invited.browser)
    page.presses("Sign in", code=code).sees("Welcome to Acme")
    Page(again, page.response, page.url).presses("Sign in", code=code).sees(WRONG)
    assert not cookie(again, "portal_acme")
    assert len(rows.sessions(world.app)) == 1


def test_after_five_tries_the_code_is_off_and_the_link_still_works(
    world: World, invited: Client
) -> None:
    page, code = asked(invited)
    for _ in range(5):
        page.presses("Sign in", code=wrong(code)).sees(WRONG)
    page.presses("Sign in", code=code).sees(OFF)
    assert rows.sessions(world.app) == []
    invited.signs_in().sees("Welcome to Acme")


def test_five_tries_stay_five_however_long_the_code_lives(
    clock: Clock, acme: Acme, invited: Client
) -> None:
    acme.chooses("life_self", "3600")
    page, code = asked(invited)
    for _ in range(5):
        page.presses("Sign in", code=wrong(code)).sees(WRONG)
    for _ in range(3):
        clock.passes(minutes=19)
        page.presses("Sign in", code=code).sees(OFF)


def test_concurrent_guesses_are_counted_before_they_are_compared(
    world: World, invited: Client
) -> None:
    page, code = asked(invited)
    browsers = [twin(invited.browser) for _ in range(24)]

    def guess(browser: Browser) -> str:
        return Page(browser, page.response, page.url).presses("Sign in", code=wrong(code)).words

    with ThreadPoolExecutor(8) as crowd:
        said = list(crowd.map(guess, browsers))
    assert sum(WRONG in words for words in said) == 5
    assert sum(OFF in words for words in said) == 19
    page.presses("Sign in", code=code).sees(OFF)


def test_ten_wrong_codes_a_day_are_all_that_one_contact_gets(
    clock: Clock, world: World, invited: Client
) -> None:
    for number in range(3):
        page, code = asked(invited)
        for _ in range(5 if number < 2 else 1):
            said = page.presses("Sign in", code=wrong(code)).sees(WRONG if number < 2 else OFF)
        invited.browser = invited.another_browser()
        clock.passes(minutes=2)
    said.sees(OFF)
    fresh, code = asked(invited)
    fresh.presses("Sign in", code=code).sees(OFF)
    assert rows.sessions(world.app) == []
    clock.passes(days=1)
    page, code = asked(invited)
    page.presses("Sign in", code=code).sees("Welcome to Acme")


def test_asking_from_an_old_link_gives_no_eleventh_try(
    clock: Clock, world: World, acme: Acme, invited: Client, mallory: Stranger
) -> None:
    """Whoever holds an old link may drop or swap its cookie: the contact's tries stay counted."""
    acme.invites("mallory@carter.example", name="Mallory")
    own = acme.copies_link("mallory@carter.example").rsplit("/", 1)[1]
    old = invited.letter().link
    invited.signs_in()
    compared = 0
    for trick in (None, "drop", "swap"):
        mallory.browser = mallory.another_browser()
        page = mallory.opens(old).presses("Email me a new link")
        code = invited.letter().code
        name = next(
            one.key
            for one in mallory.browser.http._cookies.values()
            if one.key.startswith("portal_link_")
        )
        if trick == "drop":
            mallory.browser.http.delete_cookie(name, domain="127.0.0.1")
        elif trick == "swap":
            value = f"{own}.{'n' * 22}"
            mallory.browser.http.set_cookie(name, value, domain="127.0.0.1")
        for _ in range(5):
            compared += WRONG in page.presses("Sign in", code=wrong(code)).words
        clock.passes(minutes=2)
    assert compared == 10
    assert len(rows.sessions(world.app)) == 1


def test_right_codes_do_not_use_the_day_up(clock: Clock, invited: Client) -> None:
    for _ in range(12):
        page, code = asked(invited)
        page.presses("Sign in", code=code).presses("Sign out")
        clock.passes(minutes=15)


def test_the_code_beats_a_scanner_that_pressed_the_button(world: World, invited: Client) -> None:
    page, code = asked(invited)
    scanner = invited.another_browser(LAPTOP)
    scanner.opens(invited.letter().link).presses("Sign in").sees("Welcome to Acme")
    assert [one.browser for one in rows.sessions(world.app)] == [CHROME]
    page.presses("Sign in", code=code).sees("Welcome to Acme")
    assert [one.browser for one in rows.sessions(world.app)] == [SAFARI]
    scanner.opens("/p/acme/").sees("Email me a sign-in link")
    invited.home().sees("Welcome to Acme")


def test_a_scanner_cannot_press_again_after_the_code(world: World, invited: Client) -> None:
    page, code = asked(invited)
    scanner = invited.another_browser(LAPTOP)
    button = scanner.opens(invited.letter().link)
    button.presses("Sign in")
    page.presses("Sign in", code=code).sees("Welcome to Acme")
    button.presses("Sign in").is_status(410).sees("This link was already used", SAFARI)
    scanner.opens("/p/acme/").sees("Email me a sign-in link")
    invited.home().sees("Welcome to Acme")
    assert len(rows.sessions(world.app)) == 1


def test_the_code_beats_a_click_that_is_being_pressed_again(world: World, invited: Client) -> None:
    """The code comes just after the second press has found the link to be its own."""
    page, code = asked(invited)
    scanner = invited.another_browser(LAPTOP)
    button = scanner.opens(invited.letter().link)
    again = Page(twin(scanner), button.response, button.url)
    button.presses("Sign in")
    found, typed = threading.Event(), threading.Event()

    def wait_for_the_code(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT") and "used_nonce =" in statement:
            found.set()
            typed.wait(0.5)  # in vain when the link is locked, as it should be

    with world.app.app_context():
        engine = db.engine
    event.listen(engine, "after_cursor_execute", wait_for_the_code)
    with ThreadPoolExecutor(1) as elsewhere:
        second = elsewhere.submit(again.presses, "Sign in")
        assert found.wait(30)
        page.presses("Sign in", code=code).sees("Welcome to Acme")
        typed.set()
        second.result()
    event.remove(engine, "after_cursor_execute", wait_for_the_code)
    invited.home().sees("Welcome to Acme")
    assert [one.browser for one in rows.sessions(world.app)] == [SAFARI]


def test_the_code_of_the_first_message_works_after_asking_again(
    clock: Clock, invited: Client
) -> None:
    page, first = asked(invited)
    clock.passes(minutes=1, seconds=1)
    page = page.presses("Send it again")
    assert invited.letter().code != first
    page.presses("Sign in", code=first).sees("Welcome to Acme")


def test_so_it_does_when_asked_from_an_old_link(clock: Clock, invited: Client) -> None:
    link = invited.letter().link
    invited.signs_in().presses("Sign out")
    page = invited.opens(link).presses("Email me a new link")
    first = invited.letter().code
    clock.passes(minutes=1, seconds=1)
    page = page.presses("Send it again")
    assert invited.letter().code != first
    page.presses("Sign in", code=first).sees("Welcome to Acme")


def test_a_code_dies_with_its_link(clock: Clock, world: World, invited: Client) -> None:
    page, code = asked(invited)
    clock.passes(minutes=10, seconds=1)
    page.presses("Sign in", code=code).does_not_see("Welcome to Acme")
    assert rows.sessions(world.app) == []

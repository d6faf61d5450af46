"""Pressing the button signs in once, and pressing twice is still once."""

from __future__ import annotations

import pytest
from flask import Flask

from portal import tokens
from tests.cast import LAPTOP, Client, Page, Stranger, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.browsers import CHROME, SAFARI, cookie, holding, press, twin
from tests.links.fixtures import Clock

COOKIE = "portal_acme"


def opens_home(app: Flask, secret: str) -> bool:
    return "Welcome to Acme" in holding(app, COOKIE, secret).opens("/p/acme/").words


def test_a_double_click_gets_one_session_under_a_new_key(world: World, invited: Client) -> None:
    page = invited.opens(invited.letter().link)
    first, second = twin(invited.browser), twin(invited.browser)
    press(page, first).sees("Welcome to Acme")
    press(page, second).sees("Welcome to Acme")
    assert len(rows.sessions(world.app)) == 1
    assert not opens_home(world.app, cookie(first, COOKIE))
    assert opens_home(world.app, cookie(second, COOKIE))
    assert len(rows.events(world.app, "signed_in")) == 1


def test_after_a_minute_the_same_browser_is_told_that_the_link_was_used(
    clock: Clock, world: World, invited: Client
) -> None:
    page = invited.opens(invited.letter().link)
    first, within, late = (twin(invited.browser) for _ in range(3))
    press(page, first).sees("Welcome to Acme")
    clock.passes(seconds=55)
    press(page, within).sees("Welcome to Acme")
    clock.passes(seconds=10)
    press(page, late).is_status(410).sees("This link was already used", f"in {SAFARI}")
    assert not cookie(late, COOKIE)
    assert len(rows.sessions(world.app)) == 1


def test_another_browser_is_told_when_and_where_the_link_was_used(
    world: World, invited: Client, mallory: Stranger
) -> None:
    link = invited.letter().link
    loaded_before = mallory.opens(link)
    invited.opens(link).presses("Sign in")
    said = loaded_before.presses("Sign in").is_status(410)
    said.sees("This link was already used", f"in {SAFARI}", "Each link works once")
    used_at = rows.links(world.app)[0].used_at
    assert said.soup.select_one(f'time[datetime="{used_at.isoformat(timespec="seconds")}"]')
    assert not cookie(mallory.browser, COOKIE)
    assert len(rows.sessions(world.app)) == 1


def test_signing_out_is_not_undone_by_pressing_again(world: World, invited: Client) -> None:
    page = invited.opens(invited.letter().link)
    again = twin(invited.browser)
    page.presses("Sign in").presses("Sign out").sees("Email me a sign-in link")
    press(page, again).is_status(410).sees("This link was already used")
    assert rows.sessions(world.app) == []


def test_going_back_after_signing_in_leads_home_again(invited: Client) -> None:
    page = invited.opens(invited.letter().link)
    page.presses("Sign in").sees("Welcome to Acme")
    invited.opens(page.url).is_status(200).is_at("/p/acme/")
    page.presses("Sign in").is_status(200).sees("Welcome to Acme")


@pytest.mark.parametrize("end", ["expiry", "revoke", "suspend", "correct", "regenerate"])
def test_a_page_loaded_in_time_gives_nothing_afterwards(
    clock: Clock, world: World, acme: Acme, invited: Client, end: str
) -> None:
    page = invited.opens(acme.copies_link(invited.email))
    if end == "expiry":
        clock.passes(minutes=15, seconds=1)
    elif end == "revoke":
        acme.revokes(invited.email)
    elif end == "suspend":
        acme.suspends(invited.email)
    elif end == "correct":
        acme.corrects(invited.email, to="carl@elsewhere.example")
    else:
        acme.copies_link(invited.email, regenerate=True)
    page.presses("Sign in").is_status(410)
    assert rows.sessions(world.app) == []
    assert not cookie(invited.browser, COOKIE)
    assert rows.events(world.app, "signed_in") == []


def test_the_same_contact_walks_straight_in_and_the_link_stays_unspent(
    world: World, acme: Acme, joined: Client
) -> None:
    link = acme.copies_link(joined.email)
    joined.opens(link).is_status(200).is_at("/p/acme/")
    assert rows.links(world.app)[-1].used_at is None
    joined.another_browser(LAPTOP).opens(link).presses("Sign in").sees("Welcome to Acme")


@pytest.mark.parametrize("end", ["used", "expired", "replaced"])
def test_someone_signed_in_walks_in_by_a_dead_link_too(
    clock: Clock, acme: Acme, joined: Client, end: str
) -> None:
    link = acme.copies_link(joined.email)
    if end == "used":
        joined.another_browser(LAPTOP).opens(link).presses("Sign in")
    elif end == "expired":
        clock.passes(hours=1)
    else:
        acme.copies_link(joined.email, regenerate=True)
    joined.another_browser(LAPTOP).opens(link).is_status(410)
    joined.opens(link).is_status(200).is_at("/p/acme/").sees("Welcome to Acme")


def test_someone_else_is_asked_whether_to_switch_and_the_link_waits(
    world: World, acme: Acme, joined: Client
) -> None:
    acme.invites("dora@carter.example", name="Dora Carter")
    link = acme.copies_link("dora@carter.example")
    question = joined.opens(link).sees(
        "You are signed in as Carl Carter", "This link is for d•••@carter.example"
    )
    question.follows("Stay signed in as Carl Carter").sees("Carl", "carl@carter.example")
    assert rows.links(world.app)[-1].used_at is None
    question = joined.opens(link)
    assert not question.soup.select("[data-autopress]")
    question.presses("Switch to d•••@carter.example").sees("Dora", "dora@carter.example")
    assert [one.browser for one in rows.sessions(world.app)] == [SAFARI]


def test_a_new_sign_in_ends_the_session_this_browser_had(
    world: World, acme: Acme, invited: Client
) -> None:
    invited.signs_in()
    before = cookie(invited.browser, COOKIE)
    question = Page(invited.browser, *_loaded(acme, invited))
    question.presses("Sign in").sees("Welcome to Acme")
    after = cookie(invited.browser, COOKIE)
    assert before != after
    assert not opens_home(world.app, before)
    assert [one.digest for one in rows.sessions(world.app)] == [tokens.digest(after)]


def _loaded(acme: Acme, carl: Client) -> tuple[object, str]:
    """A link's page that this browser loaded while it was signed out."""
    signed_out = twin(carl.browser)
    signed_out.http.delete_cookie(COOKIE, domain="127.0.0.1")
    page = signed_out.opens(acme.copies_link(carl.email))
    for name, value in ((one.key, one.value) for one in signed_out.http._cookies.values()):
        carl.browser.http.set_cookie(name, value, domain="127.0.0.1")
    return page.response, page.url


def test_the_browser_that_signed_in_is_named(world: World, invited: Client) -> None:
    invited.another_browser(LAPTOP).opens(invited.letter().link).presses("Sign in")
    assert [one.browser for one in rows.sessions(world.app)] == [CHROME]
    assert [one.used_browser for one in rows.links(world.app)] == [CHROME]

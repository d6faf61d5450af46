"""What a link says that no longer works, and what it still offers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal import tokens
from tests.cast import LAPTOP, Client, Page, Stranger, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.fixtures import Clock

RENEW, SIGN_IN = "Email me a new link", "Sign in with your e-mail address"
State = Callable[[Acme, Client, Clock], str]


def used(acme: Acme, carl: Client, _clock: Clock) -> str:
    link = acme.copies_link(carl.email)
    carl.another_browser(LAPTOP).opens(link).presses("Sign in")
    return link


def expired(acme: Acme, carl: Client, clock: Clock) -> str:
    link = acme.copies_link(carl.email)
    clock.passes(minutes=16)
    return link


def replaced(acme: Acme, carl: Client, _clock: Clock) -> str:
    link = acme.copies_link(carl.email)
    acme.copies_link(carl.email, regenerate=True)
    return link


def suspended(acme: Acme, carl: Client, _clock: Clock) -> str:
    link = acme.copies_link(carl.email)
    acme.suspends(carl.email)
    return link


def cut(acme: Acme, carl: Client, _clock: Clock) -> str:
    return acme.copies_link(carl.email)[:-3]


def unknown(_acme: Acme, _carl: Client, _clock: Clock) -> str:
    body = "NotOneOfOurOwnTokens22"
    return f"/l/{body}{tokens._checksum(body)}"


SAYS: dict[State, tuple[int, str, bool]] = {
    used: (410, "This link was already used", True),
    expired: (410, "This link has expired", True),
    replaced: (410, "There is a newer link", True),
    suspended: (410, "This link no longer lets you in", False),
    cut: (410, "This link is incomplete", False),
    unknown: (404, "This link is incomplete", False),
}


@pytest.mark.parametrize("state", list(SAYS))
def test_a_dead_link_says_which_and_offers_what_helps(
    clock: Clock, acme: Acme, invited: Client, mallory: Stranger, state: State
) -> None:
    status, words, renews = SAYS[state]
    page = mallory.opens(state(acme, invited, clock)).is_status(status).sees(words)
    assert words in page.title
    assert (RENEW in page.words) is renews
    assert (SIGN_IN in page.words) is (state not in (cut, unknown))
    if SIGN_IN in page.words:
        page.follows(SIGN_IN).is_at("/p/acme/").sees("Email me a sign-in link")


@pytest.mark.parametrize("state", [used, expired, replaced])
def test_one_tap_mails_a_new_link_to_the_address_on_file(
    clock: Clock, acme: Acme, invited: Client, mallory: Stranger, state: State
) -> None:
    link = state(acme, invited, clock)
    invited.letters()
    said = mallory.opens(link).presses(RENEW).is_at("/p/acme/code")
    said.sees("If c•••@carter.example has access, a message is on its way.")
    new = invited.letter()
    assert new.to == [invited.email]
    invited.opens(new.link).presses("Sign in").sees("Welcome to Acme")


def test_the_tap_follows_a_corrected_address_and_tells_it_to_nobody(
    clock: Clock, world: World, acme: Acme, invited: Client, mallory: Stranger
) -> None:
    """The link is out of an old message; the page was loaded before the address changed."""
    page = mallory.opens(expired(acme, invited, clock))
    acme.corrects(invited.email, to="zoe@elsewhere.example")
    said = page.presses(RENEW).sees("z•••@elsewhere.example")
    assert "zoe@" not in said.response.get_data(as_text=True)
    world.worker.drains()
    assert world.postman.letters_to(invited.email) == []
    assert len(world.postman.letters_to("zoe@elsewhere.example")) == 1


def test_the_tap_gives_nothing_to_someone_shut_out(
    clock: Clock, world: World, acme: Acme, invited: Client, mallory: Stranger
) -> None:
    page = mallory.opens(expired(acme, invited, clock))
    acme.suspends(invited.email)
    page.presses(RENEW).is_at("/p/acme/code").sees("c•••@carter.example")
    assert invited.letters() == []


def test_taps_count_with_the_clients_own_asking(
    clock: Clock, acme: Acme, invited: Client, mallory: Stranger
) -> None:
    link = expired(acme, invited, clock)
    invited.letters()
    for _ in range(3):
        mallory.opens(link).presses(RENEW).is_status(200)
    assert len(invited.letters()) == 2
    invited.asks_for_link().sees("a message is on its way")
    assert len(invited.letters()) == 2


def test_a_browser_without_cookies_is_told_so_and_the_link_is_unspent(
    world: World, acme: Acme, invited: Client
) -> None:
    link = acme.copies_link(invited.email)
    browser = invited.another_browser()
    clean = browser.asks("GET", link).headers["Location"]
    no_cookies = invited.another_browser()
    no_cookies.opens(clean).is_status(410).sees("Your browser did not keep the link")
    assert rows.links(world.app)[-1].used_at is None
    browser.opens(clean).presses("Sign in").sees("Welcome to Acme")


def test_a_link_opens_only_under_its_own_clean_address(
    world: World, acme: Acme, invited: Client
) -> None:
    """A cookie under another link's name is of no use."""
    acme.invites("dora@carter.example")
    own, hers = acme.copies_link(invited.email), acme.copies_link("dora@carter.example")
    browser = invited.another_browser()
    clean = browser.asks("GET", own).headers["Location"]
    name = f"portal_link_{clean.rsplit('/', 1)[1]}"
    value = f"{hers.rsplit('/', 1)[1]}.{'n' * 22}"
    browser.http.set_cookie(name, value, domain="127.0.0.1")
    page: Page = browser.opens(clean).is_status(410).sees("This link is incomplete")
    assert "d•••" not in page.words

"""The live links of one contact: who adds to them, and what cuts them."""

from __future__ import annotations

from tests.cast import LAPTOP, Client, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.fixtures import Clock


def asks_thrice_more(clock: Clock, client: Client, times: int) -> list[str]:
    """Ask in a fresh browser each time; return the links of the messages, oldest first."""
    client.letters()
    found = []
    for _ in range(times):
        client.browser = client.another_browser()
        client.asks_for_link()
        found.append(client.letter().link)
        clock.passes(minutes=1, seconds=1)
    return found


def test_at_most_three_self_asked_links_are_alive(clock: Clock, invited: Client) -> None:
    oldest, *newest = asks_thrice_more(clock, invited, 4)
    stranger = invited.another_browser(LAPTOP)
    stranger.opens(oldest).is_status(410).sees("There is a newer link")
    for link in newest:
        stranger.opens(link).is_status(200)
    stranger.opens(newest[0]).presses("Sign in").sees("Welcome to Acme")


def test_nobody_can_kill_an_invitation_by_asking(clock: Clock, invited: Client) -> None:
    invitation = invited.letter().link
    asks_thrice_more(clock, invited, 4)
    invited.opens(invitation).presses("Sign in").sees("Welcome to Acme")


def test_an_unbound_sign_in_leaves_the_other_links_alive(acme: Acme, invited: Client) -> None:
    copied = acme.copies_link(invited.email)
    invited.another_browser(LAPTOP).opens(copied).presses("Sign in").sees("Welcome to Acme")
    invited.opens(invited.letter().link).presses("Sign in").sees("Welcome to Acme")


def test_a_typed_code_cuts_the_family(
    clock: Clock, world: World, acme: Acme, invited: Client
) -> None:
    links = [invited.letter().link, acme.copies_link(invited.email)]
    links += asks_thrice_more(clock, invited, 2)
    invited.opens("/p/acme/code").presses("Sign in", code=invited.letter().code)
    assert_cut(world, invited, links)


def test_the_link_pressed_in_the_asking_browser_cuts_the_family(
    clock: Clock, world: World, acme: Acme, invited: Client
) -> None:
    links = [invited.letter().link, acme.copies_link(invited.email)]
    links += asks_thrice_more(clock, invited, 2)
    invited.opens(links[-1]).presses("Sign in").sees("Welcome to Acme")
    assert_cut(world, invited, links)


def assert_cut(world: World, client: Client, links: list[str]) -> None:
    """All are dead but the last, which was used; what is made afterwards lives."""
    assert len(rows.sessions(world.app)) == 1
    stranger = client.another_browser(LAPTOP)
    for link in links[:-1]:
        stranger.opens(link).is_status(410).sees("There is a newer link", "Email me a new link")
    stranger.opens(links[-1]).is_status(410).sees("This link was already used")
    later = Acme(world).copies_link(client.email)
    stranger.opens(later).presses("Sign in").sees("Welcome to Acme")


def test_pages_loaded_before_the_cut_give_nothing(
    clock: Clock, world: World, invited: Client
) -> None:
    loaded = invited.another_browser(LAPTOP).opens(invited.letter().link)
    asks_thrice_more(clock, invited, 1)
    invited.signs_in().sees("Welcome to Acme")
    loaded.presses("Sign in").is_status(410).sees("There is a newer link")
    assert len(rows.sessions(world.app)) == 1


def test_the_cut_reaches_messages_that_still_wait(
    clock: Clock, world: World, acme: Acme, invited: Client
) -> None:
    asks_thrice_more(clock, invited, 1)
    acme.sends_login_email(invited.email)
    letters = len(world.postman.letters_to(invited.email))
    invited.opens(world.postman.last_to(invited.email).link).presses("Sign in")
    assert len(invited.letters()) == letters
    (cancelled,) = rows.events(world.app, "cancelled")
    assert cancelled.detail["reason"] == "The contact signed in before it went out."


def test_copying_and_regenerating_void_copied_links_only(acme: Acme, invited: Client) -> None:
    mailed, first = invited.letter().link, acme.copies_link(invited.email)
    stranger = invited.another_browser(LAPTOP)
    second = acme.copies_link(invited.email)
    for link in (mailed, first, second):
        stranger.opens(link).is_status(200)
    third = acme.copies_link(invited.email, regenerate=True)
    for link in (first, second):
        stranger.opens(link).is_status(410).sees("There is a newer link")
    stranger.opens(third).is_status(200)
    invited.opens(mailed).presses("Sign in").sees("Welcome to Acme")


def test_a_cut_of_one_contact_leaves_others_alone(
    clock: Clock, acme: Acme, invited: Client
) -> None:
    acme.invites("dora@carter.example", name="Dora Carter")
    doras = acme.copies_link("dora@carter.example")
    asks_thrice_more(clock, invited, 1)
    invited.signs_in().sees("Welcome to Acme")
    invited.another_browser(LAPTOP).opens(doras).presses("Sign in").sees("Dora")

"""How often someone may ask for a link: by address in silence, by network and account aloud."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from portal.config import load
from portal.errors import SettingsError
from tests.cast import Browser, Client, Page, Stranger, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.fixtures import Clock

PER_NETWORK, PER_ACCOUNT = 10, 14


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(limit_links_per_ip=PER_NETWORK, limit_links_per_account=PER_ACCOUNT)


def asks(world: World, email: str, address: str = "198.51.100.7", slug: str = "acme") -> Page:
    browser = Browser(world.app, address=address)
    return browser.opens(f"/p/{slug}/").presses("Email me a sign-in link", email=email)


def test_an_address_gets_one_message_a_minute_and_nobody_is_told(
    clock: Clock, world: World, invited: Client
) -> None:
    invited.letters()
    for _ in range(3):
        asks(world, invited.email).is_status(200).sees("a message is on its way")
    assert len(invited.letters()) == 2
    clock.passes(seconds=61)
    asks(world, "CARL@Carter.Example").is_status(200)
    assert len(invited.letters()) == 3
    assert len(rows.events(world.app, "asked_too_often")) == 2


def test_an_address_gets_five_messages_an_hour(clock: Clock, world: World, invited: Client) -> None:
    invited.letters()
    for _ in range(8):
        asks(world, invited.email).is_status(200).sees("a message is on its way")
        invited.letters()
        clock.passes(seconds=61)
    assert len(invited.letters()) == 1 + 5
    clock.passes(hours=1)
    asks(world, invited.email)
    assert len(invited.letters()) == 1 + 6


def test_one_network_may_ask_so_often_whatever_the_address(clock: Clock, world: World) -> None:
    for number in range(PER_NETWORK):
        asks(world, f"someone{number}@carter.example").is_status(200)
    asks(world, "nobody@carter.example").is_status(429).sees("Too many tries", "Wait")
    asks(world, "nobody@carter.example", address="198.51.100.8").is_status(200)
    clock.passes(hours=1, seconds=1)
    asks(world, "nobody@carter.example").is_status(200)


def test_a_network_of_ipv6_is_a_64(world: World) -> None:
    for number in range(PER_NETWORK):
        asks(world, "a@carter.example", address=f"2001:db8:1:2::{number:x}").is_status(200)
    asks(world, "a@carter.example", address="2001:db8:1:2:ffff::1").is_status(429)
    asks(world, "a@carter.example", address="2001:db8:1:3::1").is_status(200)


def test_an_ipv4_address_written_as_ipv6_is_the_same_network(world: World) -> None:
    for _ in range(PER_NETWORK):
        asks(world, "a@carter.example", address="::ffff:198.51.100.7").is_status(200)
    asks(world, "a@carter.example").is_status(429)
    asks(world, "a@carter.example", address="::ffff:198.51.100.8").is_status(200)


def test_an_account_is_asked_so_often_from_wherever(world: World) -> None:
    for number in range(PER_ACCOUNT):
        asks(world, "a@carter.example", address=f"203.0.113.{number}").is_status(200)
    asks(world, "a@carter.example", address="203.0.113.99").is_status(429)
    asks(world, "a@carter.example", address="203.0.113.99", slug="birch").is_status(200)


def test_every_way_of_asking_counts_against_the_network(
    world: World, acme: Acme, invited: Client, mallory: Stranger
) -> None:
    """The form, "Send it again" and "Email me a new link" are one and the same thing."""
    link = acme.copies_link(invited.email)
    invited.another_browser().opens(link).presses("Sign in")
    ways = (
        lambda: asks(world, invited.email),
        lambda: asks(world, invited.email).presses("Send it again"),
        lambda: mallory.opens(link).presses("Email me a new link"),
    )
    for way, times in zip(ways, (2, 2, 4), strict=True):
        for _ in range(times):
            way().is_status(200)
    for way in (ways[0], ways[2]):
        way().is_status(429)


def test_asking_again_from_a_dead_link_counts_once(
    acme: Acme, invited: Client, mallory: Stranger
) -> None:
    link = acme.copies_link(invited.email)
    invited.another_browser().opens(link).presses("Sign in")
    page = mallory.opens(link).presses("Email me a new link").is_status(200)
    for _ in range(PER_NETWORK - 1):
        page.presses("Send it again").is_status(200)
    page.presses("Send it again").is_status(429)


def test_every_way_of_asking_counts_against_the_account(
    world: World, acme: Acme, invited: Client, mallory: Stranger
) -> None:
    link = acme.copies_link(invited.email)
    invited.another_browser().opens(link).presses("Sign in")
    for number in range(PER_ACCOUNT):
        mallory.browser.address = f"203.0.113.{number}"
        mallory.opens(link).presses("Email me a new link").is_status(200)
    mallory.browser.address = "203.0.113.200"
    mallory.opens(link).presses("Email me a new link").is_status(429)
    asks(world, invited.email, address="203.0.113.201").is_status(429)
    asks(world, invited.email, address="203.0.113.201", slug="birch").is_status(200)


@pytest.mark.parametrize("url", ["https://portal.acme.example", "https://10.1.2.3"])
def test_limits_cannot_be_switched_off_in_public(url: str) -> None:
    with pytest.raises(SettingsError, match="PORTAL_LIMITS=off is accepted only while"):
        load(url=url, limits="off")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:1", "https://127.0.0.1"]
)
def test_limits_can_be_switched_off_on_this_machine(url: str) -> None:
    assert load(url=url, limits="off").limits == "off"

"""Failed links and codes: counted by network, while what succeeds does not count."""

from __future__ import annotations

from typing import Any

from flask import Response

from tests.cast import Browser, Client, Page, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.fixtures import Clock
from tests.links.two_processes import Visitor, two_processes

FAILURES = 30


def presses_nothing(world: World, address: str = "198.51.100.7") -> int:
    """Press the button of a link that this browser never opened."""
    browser = Browser(world.app, address=address)
    csrf = browser.opens("/p/acme/").field("csrf_token")
    data = {"csrf_token": csrf, "portal": "acme"}
    return browser.asks("POST", "/l/open/0123456789ab", data=data).status_code


def test_thirty_failed_links_from_one_network_are_enough(clock: Clock, world: World) -> None:
    for _ in range(FAILURES):
        assert presses_nothing(world) == 410
    assert presses_nothing(world) == 429
    assert presses_nothing(world, address="198.51.100.8") == 410
    clock.passes(minutes=5, seconds=1)
    assert presses_nothing(world) == 410


def test_whoever_fails_behind_an_address_does_not_stop_the_good_links_of_the_others(
    world: World, acme: Acme, invited: Client
) -> None:
    link = acme.copies_link(invited.email)
    for _ in range(FAILURES):
        presses_nothing(world)
    assert presses_nothing(world) == 429
    Browser(world.app).opens(link).presses("Sign in").sees("Welcome to Acme")
    assert len(rows.sessions(world.app)) == 1
    assert presses_nothing(world) == 429


def test_links_and_codes_fail_together(
    clock: Clock, world: World, acme: Acme, invited: Client
) -> None:
    for _ in range(FAILURES - 2):
        presses_nothing(world)
    page = invited.asks_for_link()
    for _ in range(2):
        page.presses("Sign in", code="0000 0000").is_status(200)
    page.presses("Sign in", code="0000 0000").is_status(429)
    assert presses_nothing(world) == 429


def test_an_office_that_signs_in_by_the_dozen_is_never_stopped(
    world: World, acme: Acme, invited: Client
) -> None:
    for number in range(FAILURES + 5):
        acme.invites(f"client{number}@carter.example")
        link = acme.copies_link(f"client{number}@carter.example")
        Browser(world.app).opens(link).presses("Sign in").sees("Welcome to Acme")
    assert presses_nothing(world) == 410


def test_over_a_real_socket_a_network_is_an_address_whatever_its_ports(world: World) -> None:
    with two_processes(world.app) as port:
        answers = []
        for _ in range(FAILURES + 1):
            visitor = Visitor(port)
            csrf = Page(Browser(world.app), _as_response(visitor), "").field("csrf_token")
            answers.append(visitor.asks("POST", "/l/open/0123456789ab", csrf_token=csrf).status)
        other = Visitor(port, visitor.cookies, source="127.0.0.2")
        answers.append(other.asks("POST", "/l/open/0123456789ab", csrf_token=csrf).status)
    assert answers == [410] * FAILURES + [429, 410]


def _as_response(visitor: Visitor) -> Any:
    return Response(visitor.asks("GET", "/p/acme/").body)

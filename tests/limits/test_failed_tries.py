"""Failed links, codes and passwords: counted by network, while what succeeds does not count."""

from __future__ import annotations

import pytest

from portal import passwords
from portal.flows import staff_sign_in
from portal.models import Staff as StaffRow
from tests.cast import Browser, Client, Page, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.fixtures import Clock
from tests.links.two_processes import Visitor, two_processes

FAILURES = 30
PASSWORD = "seven green bottles on a wall"


def presses_nothing(world: World, address: str = "198.51.100.7") -> int:
    """Press the button of a link that this browser never opened."""
    browser = Browser(world.app, address=address)
    csrf = browser.opens("/p/acme/").field("csrf_token")
    data = {"csrf_token": csrf, "portal": "acme"}
    return browser.asks("POST", "/l/open/0123456789ab", data=data).status_code


def test_thirty_failed_links_from_one_network_are_enough(
    clock: Clock, world: World, acme: Acme, invited: Client
) -> None:
    link = acme.copies_link(invited.email)
    for _ in range(FAILURES):
        assert presses_nothing(world) == 410
    assert presses_nothing(world) == 429
    blocked = Browser(world.app).opens(link)
    blocked.is_status(200).presses("Sign in").is_status(429).sees("Wait five minutes")
    assert rows.sessions(world.app) == []
    elsewhere = Browser(world.app, address="198.51.100.8")
    elsewhere.opens(link).presses("Sign in").sees("Welcome to Acme")
    clock.passes(minutes=5, seconds=1)
    assert presses_nothing(world) == 410


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


def _as_response(visitor: Visitor) -> object:
    from flask import Response

    return Response(visitor.asks("GET", "/p/acme/").body)


@pytest.fixture
def with_password(world: World) -> None:
    """Ada has chosen a password."""
    with world.app.app_context():
        from portal.db import db

        ada = StaffRow.by_email("ada@acme.example")
        assert ada
        ada.password_hash = passwords.hash_of(PASSWORD)
        db.session.commit()


def signs_in(world: World, email: str, password: str, address: str) -> Page:
    page = Browser(world.app, address=address).opens("/admin/")
    return page.presses("Sign in", email=email, password=password)


@pytest.mark.usefixtures("with_password")
def test_ten_wrong_passwords_shut_one_address_for_a_quarter_of_an_hour(
    clock: Clock, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)  # only faster: sixty hashes are to come
    said = []
    for number in range(11):
        at = f"203.0.113.{number}"
        for email in ("ada@acme.example", "nobody@acme.example"):
            said.append(signs_in(world, email, "wrong horse battery staple", at).words)
    assert all("That did not work." in words for words in said)
    at = "203.0.113.99"
    signs_in(world, "ada@acme.example", PASSWORD, at).sees("That did not work.")
    clock.passes(minutes=15, seconds=1)
    signs_in(world, "Ada@ACME.example", PASSWORD, at).sees("Client Portal")


@pytest.mark.usefixtures("with_password")
def test_passwords_tried_from_one_network_are_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    at = "203.0.113.7"
    for number in range(FAILURES):
        signs_in(world, f"guess{number}@acme.example", "wrong horse battery", at).is_status(200)
    signs_in(world, "ada@acme.example", PASSWORD, at).is_status(429)
    signs_in(world, "ada@acme.example", PASSWORD, "203.0.113.8").sees("Client Portal")


@pytest.mark.usefixtures("with_password")
def test_a_right_password_starts_the_count_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    for _ in range(3):
        for number in range(9):
            at = f"203.0.113.{number}"
            signs_in(world, "ada@acme.example", "wrong horse battery", at).sees("did not work")
        signs_in(world, "ada@acme.example", PASSWORD, "203.0.113.99").sees("Client Portal")
    assert staff_sign_in.WINDOW.total_seconds() == 900

"""Failed staff sign-ins: counted by address and by network, alike for known and unknown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from portal import passwords
from portal.config import load
from portal.db import db
from portal.models import Staff
from tests.cast import Browser, Page, World
from tests.links.fixtures import Clock

PASSWORD, WRONG = "seven green bottles on a wall", "eight green bottles on a wall"
TRIES, FAILURES = 3, 6
"""Fewer than by default: each try costs the hash of a password."""


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(limit_staff_sign_ins=TRIES, limit_failed_redeems=FAILURES)


@pytest.fixture(autouse=True)
def password(world: World) -> None:
    """Ada has chosen one."""
    with world.app.app_context():
        ada = Staff.by_email("ada@acme.example")
        assert ada
        ada.password_hash = passwords.hash_of(PASSWORD)
        db.session.commit()


def signs_in(world: World, email: str, password: str, address: str) -> Page:
    page = Browser(world.app, address=address).opens("/admin/")
    return page.presses("Sign in", email=email, password=password)


def test_wrong_passwords_shut_an_address_for_a_quarter_of_an_hour(
    clock: Clock, world: World
) -> None:
    said = {}
    for email in ("ada@acme.example", "nobody@acme.example"):
        tries = range(TRIES)
        pages = [signs_in(world, email, WRONG, f"203.0.113.{number}") for number in tries]
        pages.append(signs_in(world, email, PASSWORD, "203.0.113.99"))
        said[email] = [(page.status, page.words) for page in pages]
    assert said["ada@acme.example"] == said["nobody@acme.example"]
    assert {status for status, _words in said["ada@acme.example"]} == {200}
    assert all("That did not work." in words for _status, words in said["ada@acme.example"])
    clock.passes(minutes=14)
    signs_in(world, "ada@acme.example", PASSWORD, "203.0.113.98").sees("That did not work.")
    clock.passes(minutes=1, seconds=1)
    signs_in(world, "Ada@ACME.example", PASSWORD, "203.0.113.98").sees("Client Portal")


def test_failures_of_one_network_are_counted(world: World) -> None:
    at = "203.0.113.7"
    for number in range(FAILURES):
        signs_in(world, f"guess{number}@acme.example", WRONG, at).is_status(200)
    signs_in(world, "ada@acme.example", PASSWORD, at).is_status(429)
    signs_in(world, "ada@acme.example", PASSWORD, "203.0.113.8").sees("Client Portal")


def test_a_right_password_starts_the_count_anew(world: World) -> None:
    for number in range(3):
        for _ in range(TRIES - 1):
            signs_in(world, "ada@acme.example", WRONG, f"203.0.113.{number}").sees("did not work")
        signs_in(world, "ada@acme.example", PASSWORD, "203.0.113.99").sees("Client Portal")


def test_by_default_it_is_ten_tries() -> None:
    assert load().limit_staff_sign_ins == 10
    assert load().limit_failed_redeems == 30

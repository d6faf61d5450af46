"""Known, unknown, suspended and limited addresses: nobody can tell them apart from outside."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from portal.db import db
from tests.cast import Browser, Client, Page, World
from tests.links.acme import Acme

KNOWN, UNKNOWN = "carl@carter.example", "nobody@carter.example"
SUSPENDED, LIMITED = "dora@carter.example", "emil@carter.example"
WHO = (KNOWN, UNKNOWN, SUSPENDED, LIMITED)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Without the limit per network, which a test that asks often would meet."""
    return make_app(limit_links_per_ip=10_000, limit_failed_redeems=10_000)


@pytest.fixture
def town(world: World, acme: Acme) -> World:
    for email in (KNOWN, SUSPENDED, LIMITED):
        acme.invites(email)
    acme.suspends(SUSPENDED)
    world.worker.drains()
    for _ in range(3):
        asks(Browser(world.app), LIMITED)
        world.worker.drains()
    return world


def asks(browser: Browser, email: str) -> Page:
    return browser.opens("/p/acme/").presses("Email me a sign-in link", email=email)


def bare(text: str, email: str) -> str:
    """Leave out what differs in any two answers: the address itself, and random values."""
    text = re.sub(r'(name="csrf_token" value=")[^"]+', r"\1", text)
    text = re.sub(r"<code>[0-9a-f]{16}</code>", "", text)
    text = re.sub(r'(this code: <strong dir="ltr">)[0-9A-Z-]{7}', r"\1", text)
    text = re.sub(r"(portal_\w+=|Expires=)[^;]+", r"\1", text)
    return text.replace(email, "?")


def plain(answer: Any, email: str) -> tuple[int, str, list[tuple[str, str]]]:
    headers = [
        (name, bare(value, email))
        for name, value in answer.headers
        if name not in ("X-Request-Id", "Date", "Content-Length")
    ]
    return answer.status_code, bare(answer.get_data(as_text=True), email), headers


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Note each statement that is run."""
    found: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def test_asking_is_answered_alike_and_costs_the_same_statements(town: World) -> None:
    answers, costs = [], []
    for email in WHO:
        browser = Browser(town.app)
        csrf = browser.opens("/p/acme/").field("csrf_token")
        with statements(town.app) as run:
            answer = browser.asks("POST", "/p/acme/", data={"email": email, "csrf_token": csrf})
        costs.append(run)
        answers.append([plain(answer, email), plain(browser.asks("GET", "/p/acme/code"), email)])
    assert answers[0][0][0] == 303
    assert answers[0][1][0] == 200
    assert all(answer == answers[0] for answer in answers)
    assert len(costs[0]) > 0
    assert all(run == costs[0] for run in costs)


def test_wrong_codes_are_answered_alike_and_cost_the_same_statements(town: World) -> None:
    """Also after the worker has answered those whom it knows, and also once the tries are spent."""
    answers, costs = [], []
    for email in WHO:
        browser = Browser(town.app)
        csrf = asks(browser, email).field("csrf_token")
        town.worker.drains()
        said = []
        with statements(town.app) as run:
            for _ in range(6):
                data = {"code": "0000 0000", "csrf_token": csrf}
                said.append(plain(browser.asks("POST", "/p/acme/code", data=data), email))
        answers.append(said)
        costs.append(run)
    assert "That code does not match" in answers[0][0][1]
    assert "Too many tries" in answers[0][5][1]
    assert all(said == answers[0] for said in answers)
    assert all(run == costs[0] for run in costs)


def test_asking_again_is_answered_alike(town: World) -> None:
    answers = []
    for email in WHO:
        browser = Browser(town.app)
        page = asks(browser, email)
        town.worker.drains()
        data = {"csrf_token": page.field("csrf_token")}
        answers.append(plain(browser.asks("POST", "/p/acme/ask-again", data=data), email))
    assert all(answer == answers[0] for answer in answers)


def test_asking_takes_the_same_time_whoever_asks(town: World) -> None:
    for _round in range(4):
        spread = spread_of_medians(town)
        if spread < 1.2:
            return
    raise AssertionError(f"the slowest median is {spread:.2f} times the fastest, four times over")


def spread_of_medians(town: World) -> float:
    browsers = {email: Browser(town.app) for email in WHO}
    csrf = {email: browsers[email].opens("/p/acme/").field("csrf_token") for email in WHO}
    took: dict[str, list[float]] = {email: [] for email in WHO}
    for turn in range(25):
        for email in WHO[turn % 4 :] + WHO[: turn % 4]:
            data = {"email": email, "csrf_token": csrf[email]}
            began = time.perf_counter()
            browsers[email].asks("POST", "/p/acme/", data=data)
            took[email].append(time.perf_counter() - began)
    medians = [statistics.median(times) for times in took.values()]
    return max(medians) / min(medians)


def test_only_the_known_get_mail(town: World) -> None:
    before = len(town.postman.letters)
    for email in WHO:
        asks(Browser(town.app), email)
    town.worker.drains()
    assert [letter.to for letter in town.postman.letters[before:]] == [[KNOWN]]


def test_a_contact_of_another_portal_is_unknown_here(town: World, carl: Client) -> None:
    Acme(town, "birch", "bea@birch.example").invites("only@birch.example")
    town.worker.drains()
    asks(Browser(town.app), "only@birch.example").sees("If only@birch.example has access")
    town.worker.drains()
    assert len(town.postman.letters_to("only@birch.example")) == 1

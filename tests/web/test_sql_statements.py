"""How many statements the pages that everyone opens may cost, and what a provider never holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from portal.channel import MAILED_KINDS, Caps, Channel, SendRequest, Sent, Settings
from portal.db import db
from tests.cast import Browser, Client, Page, Staff, World

COUNTED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """Collect the statements; what begins and ends transactions is not one."""
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(COUNTED):
            said.append(" ".join(statement.split()))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", hear)
    yield said
    event.remove(engine, "before_cursor_execute", hear)


def is_at_most(most: int, said: list[str]) -> None:
    assert 0 < len(said) <= most, "\n".join(said)


def test_the_sign_in_page_costs_one_statement(world: World) -> None:
    mallory = Browser(world.app)
    with counted(world.app) as said:
        mallory.opens("/p/acme/").sees("Sign in", "Your e-mail address")
    is_at_most(1, said)


def test_the_home_of_a_client_costs_two_statements(ada: Staff, carl: Client) -> None:
    ada.invites(carl.email)
    carl.signs_in()
    with counted(carl.world.app) as said:
        carl.home().sees("Welcome to Acme")
    is_at_most(2, said)


def test_pressing_the_button_costs_four_statements(ada: Staff, carl: Client) -> None:
    ada.invites(carl.email)
    with counted(carl.world.app) as said:
        assert press(carl.opens(carl.letter().link), said) == 303
    is_at_most(4, said)


def test_pressing_it_in_the_browser_that_asked_costs_no_more(ada: Staff, carl: Client) -> None:
    ada.invites(carl.email)
    carl.asks_for_link()
    with counted(carl.world.app) as said:
        assert press(carl.opens(carl.letter().link), said) == 303
    is_at_most(4, said)


def test_the_overview_costs_six_statements(ada: Staff, sol: Staff, carl: Client) -> None:
    for number in range(3):
        ada.invites(f"client{number}@carter.example")
    ada.invites(carl.email)
    carl.signs_in()
    for person in (ada, sol):
        with counted(carl.world.app) as said:
            person.at().sees("Client Portal", "carl@carter.example")
        is_at_most(6, said)


def test_a_provider_is_called_while_no_connection_is_held(ada: Staff, carl: Client) -> None:
    app = carl.world.app
    watching = Watching(app)
    app.extensions["portal_plugins"].channels["email"] = watching
    ada.invites(carl.email)
    carl.world.worker.drains()
    carl.asks_for_link()
    carl.world.worker.drains()
    assert watching.held == {"invite": 0, "self": 0}


class Watching(Channel):
    """A provider that looks how many of our database connections are in use when it is called."""

    id, name = "email", "E-mail"
    caps = Caps(address="email", kinds=MAILED_KINDS, idempotent=True)

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.held: dict[str, int] = {}

    def send(self, request: SendRequest, settings: Settings) -> Sent:
        with self._app.app_context():
            pool: Any = db.engine.pool
        self.held[request.kind] = pool.checkedout()
        return Sent()


def press(page: Page, said: list[str]) -> int:
    """Press the page's button and follow nothing; only what the press costs stays in *said*."""
    form = {name: page.field(name) for name in ("csrf_token", "portal")}
    said.clear()
    return page.browser.asks("POST", page.path, data=form).status_code

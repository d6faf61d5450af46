"""The database or the queue goes away for a while: people see a page, and nothing is lost."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cast import Staff, World
from tests.live import Portico
from tests.postman import Postman
from tests.servers import Postgres, Redis, free_port
from tests.surfer import Owner, Surfer
from tests.wait import wait_for

BUSY = "The portal is busy or being restarted"


def _arrives(postman: Postman, address: str, *, within: float) -> str:
    """Return the link that *address* gets."""
    wait_for(lambda: postman.letters_to(address), within=within, what=f"a letter to {address}")
    return postman.last_to(address).link


def test_redis_stops_and_comes_back(
    start: Callable[..., Portico], postman: Postman, redis_server: Redis
) -> None:
    ada = Owner(start(PORTAL_QUEUE_URL=redis_server.url))
    ada.invites("before@carter.example").sees("is on its way")
    _arrives(postman, "before@carter.example", within=5)
    with redis_server.down():
        asked = time.monotonic()
        ada.invites("meanwhile@carter.example").sees("is on its way")
        assert time.monotonic() - asked < 3
        _arrives(postman, "meanwhile@carter.example", within=15)  # by the sweep
    ada.invites("after@carter.example").sees("is on its way")
    _arrives(postman, "after@carter.example", within=15)


def test_postgresql_with_data_and_queue_is_restarted(
    start: Callable[..., Portico], postman: Postman, own_postgres: Postgres
) -> None:
    url = own_postgres.create("portal")
    running = start(PORTAL_DATABASE_URL=url, PORTAL_QUEUE_URL=url)
    ada = Owner(running)
    ada.invites("before@carter.example").sees("is on its way")
    _arrives(postman, "before@carter.example", within=10)
    carl = Surfer(running.url)
    asking = carl.opens("/p/acme/")
    with own_postgres.down():
        ada.at().is_status(503).sees(BUSY).does_not_see("Traceback", "psycopg")
        carl.opens("/p/acme/").is_status(503).sees(BUSY)
        asking.presses("Email me a sign-in link", email="carl@carter.example").is_status(503)
    wait_for(lambda: ada.at().status == 200, within=10)
    ada.invites("after@carter.example").sees("is on its way")
    link = _arrives(postman, "after@carter.example", within=20)
    Surfer(running.url).opens(link).presses("Sign in").sees("Welcome to Acme")
    assert running.process.poll() is None


def test_a_database_that_is_killed_keeps_what_was_said_to_be_done(
    start: Callable[..., Portico], postman: Postman, own_postgres: Postgres
) -> None:
    """No mail goes out before the database is back: the worker's connections died with it."""
    ada = Owner(start(PORTAL_DATABASE_URL=own_postgres.create("portal")))
    ada.invites("carl@carter.example").sees("is on its way")
    own_postgres.restart()
    _arrives(postman, "carl@carter.example", within=30)
    wait_for(lambda: ada.at().status == 200, within=10)
    ada.at().sees("carl@carter.example")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_locked_database_is_said_to_be_busy(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("portal.db.BUSY_SECONDS", 0.2)
    world = make_world()
    ada = Staff(world, "ada@acme.example", "acme").signs_in()
    form = ada.at("invitations/new")
    lock = sqlite3.connect(tmp_path / "portal.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    form.presses("Send Invite", who="carl@carter.example").is_status(503).sees(BUSY)
    ada.at().sees("Client Portal")  # who only reads is not disturbed
    lock.execute("ROLLBACK")
    lock.close()
    form.presses("Send Invite", who="carl@carter.example").sees("is on its way")
    world.worker.drains()
    assert world.postman.letters_to("carl@carter.example")


def test_a_lock_of_some_seconds_only_delays(
    start: Callable[..., Portico], postman: Postman, tmp_path: Path
) -> None:
    """While something else holds the database, Ada invites and a worker has a message to send."""
    running = start()
    ada = Owner(running)
    form = ada.at("invitations/new")
    lock = sqlite3.connect(tmp_path / "portal.db", isolation_level=None, check_same_thread=False)
    lock.execute("BEGIN IMMEDIATE")

    def let_go() -> None:
        lock.execute("ROLLBACK")
        lock.close()

    release = threading.Timer(2, let_go)
    release.start()
    form.presses("Send Invite", who="carl@carter.example").sees("is on its way")
    release.join()
    _arrives(postman, "carl@carter.example", within=15)
    assert "Traceback" not in "\n".join(running.log)


@pytest.mark.parametrize("parts", ["sqlite data, postgresql queue", "postgresql data, redis queue"])
def test_any_database_goes_with_any_queue(
    start: Callable[..., Portico],
    postman: Postman,
    postgres_server: Postgres,
    redis_server: Redis,
    parts: str,
) -> None:
    name = f"live_{free_port()}"
    url = postgres_server.create(name)
    environment = (
        {"PORTAL_QUEUE_URL": url}
        if parts.startswith("sqlite")
        else {"PORTAL_DATABASE_URL": url, "PORTAL_QUEUE_URL": redis_server.url}
    )
    running = start(**environment)
    ada = Owner(running)
    ada.invites("carl@carter.example").sees("is on its way")
    link = _arrives(postman, "carl@carter.example", within=3)  # sooner than any sweep
    Surfer(running.url).opens(link).presses("Sign in").sees("Welcome to Acme")
    carl = Surfer(running.url)
    page = carl.opens("/p/acme/").presses("Email me a sign-in link", email="carl@carter.example")
    wait_for(lambda: len(postman.letters_to("carl@carter.example")) == 2, within=3)
    code = postman.last_to("carl@carter.example").code
    page.presses("Sign in", code=code).sees("Welcome to Acme")
    assert running.stop() < 5
    assert not [line for line in running.log if "did not stop in time" in line]
    postgres_server.drop(name)

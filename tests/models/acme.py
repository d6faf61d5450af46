"""Rows of Acme without its pages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import text

from portal.db import atomic, db
from portal.flows.open_account import open_account
from portal.models import Account, Contact, Staff


def opened(app: Flask, *, time_zone: str = "UTC", slug: str = "acme") -> None:
    with app.app_context():
        open_account(slug.title(), slug=slug, owner_email="ada@acme.example", time_zone=time_zone)


@contextmanager
def inside(app: Flask) -> Iterator[Account]:
    """In the app, with Acme at hand and nothing left open."""
    with app.app_context():
        yield account_at("acme")
        db.session.rollback()


def account_at(slug: str) -> Account:
    account = Account.by_slug(slug)
    assert account
    return account


def ada() -> Staff:
    found = Staff.by_email("ada@acme.example")
    assert found
    return found


@atomic
def add(account: Account, *people: tuple[str, str]) -> list[Contact]:
    return [Contact.find_or_add(account, email, name) for name, email in people]


def somebody_waits() -> bool:
    """Tell whether anybody waits for a lock of this PostgreSQL database."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with db.engine.connect() as connection:
        return bool(connection.scalar(text(f"{query} AND datname = current_database()")))


def at_once(app: Flask, *deeds: Callable[[], Any]) -> list[Any]:
    """Do all *deeds*, each in a thread of its own, from one starting shot."""
    ready, answers = threading.Barrier(len(deeds)), list[Any]()
    failures: list[BaseException] = []

    def run(deed: Callable[[], Any]) -> None:
        with app.app_context():
            ready.wait()
            try:
                answers.append(deed())
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    return answers

"""A history to tamper with: Acme's and Birch's, sealed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import text

from portal.db import atomic, db, now
from portal.flows.seal_history import seal
from portal.flows.verify_history import Verdict, verify
from portal.models import Account, Event, EventChain, EventCursor, EventSeal
from tests.models.acme import account_at, opened

TABLES: list[Any] = [table.__table__ for table in (Event, EventSeal, EventChain, EventCursor)]


class Books:
    """The histories of an installation, and whoever holds its database but not its keys."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def writes(self, *kinds: str, slug: str = "acme", **more: Any) -> None:
        with self.app.app_context():
            record(account_at(slug), *kinds, **more)

    def seals(self, most: int = 2_000) -> int:
        """Seal as the sweep does, when what was written has settled."""
        with self.app.app_context(), time_machine.travel(now() + timedelta(seconds=3)):
            return seal(most)

    def verifies(self, slug: str = "", noted: str = "") -> Verdict:
        with self.app.app_context():
            account_id = account_at(slug).id if slug else None
            db.session.rollback()
            return verify(account_id, noted=noted)

    def fault(self, slug: str = "") -> str:
        """Return the first thing that does not fit; each account's and the whole's in one text."""
        verdict = self.verifies(slug)
        faults = [found.fault for found in verdict.accounts.values()]
        return " ".join(filter(None, [verdict.fault, *faults]))

    def runs(self, statement: str, **values: Any) -> int:
        """Change the database behind the portal's back."""
        with self.app.app_context(), db.engine.begin() as connection:
            return connection.execute(text(statement), values).rowcount

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """Put the history back as it was, afterwards."""
        with self.app.app_context(), db.engine.connect() as connection:
            kept = [[row._asdict() for row in connection.execute(t.select())] for t in TABLES]
        yield
        with self.app.app_context(), db.engine.begin() as connection:
            for table, rows in zip(TABLES, kept, strict=True):
                connection.execute(table.delete())
                connection.execute(table.insert(), rows)

    def asks(self, query: str, **values: Any) -> Any:
        with self.app.app_context(), db.engine.connect() as connection:
            return connection.execute(text(query), values).scalar()


@atomic
def record(account: Account, *kinds: str, **more: Any) -> None:
    for kind in kinds:
        Event.record(kind, account_id=account.id, **more)


@pytest.fixture
def books(app: Flask) -> Books:
    """Three seals of Acme's and one of Birch's, whose events are the sixth and the seventh."""
    opened(app)
    found = Books(app)
    found.writes("one", "two")
    found.seals()
    found.writes("three", "four", detail={"reason": "Straße"})
    opened(app, slug="birch")
    found.writes("five", slug="birch")
    found.seals()
    found.writes("six", "seven")
    found.seals()
    return found

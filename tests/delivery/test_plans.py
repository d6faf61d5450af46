"""The worker's statements find their rows by an index, however many finished ones there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from portal.db import db, now
from portal.models import claims, outbox
from portal.models.delivery import Delivery

BY_INDEX = re.compile(r"SEARCH|USING (COVERING )?INDEX")


@contextmanager
def kept_statements() -> Iterator[list[tuple[str, Any]]]:
    said: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, sql: str, values: Any, *_more: Any) -> None:
        if "delivery" in sql:
            said.append((sql, values))

    event.listen(db.engine, "before_cursor_execute", keep)
    yield said
    event.remove(db.engine, "before_cursor_execute", keep)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "ask",
    [
        lambda: outbox.overdue(by=timedelta(), limit=10),
        lambda: claims.claim_more(1, "email", 10),
        lambda: outbox.hold(1, "email", now()),
        lambda: outbox.without_receipt(10),
        lambda: Delivery.release(1, "email"),
        lambda: Delivery.cancel_pending(1, "No longer wanted."),
    ],
    ids=["overdue", "claim_more", "hold", "without_receipt", "release", "cancel_pending"],
)
def test_sqlite_never_reads_the_whole_table(app: Flask, ask: Any) -> None:
    """SQLite leaves an index of a part of the rows alone unless the statement names that part."""
    with app.app_context():
        with kept_statements() as said:
            ask()
        assert said
        raw: Any = db.session.connection().connection.dbapi_connection
        for sql, values in said:
            for step in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall():
                if re.search(r"\b(SCAN|SEARCH) delivery\b", step[3]):
                    assert BY_INDEX.search(step[3]), f"{step[3]}: {sql}"
        db.session.rollback()

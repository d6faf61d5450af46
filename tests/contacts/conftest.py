"""What the tests of contacts share: a look at every row of a database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import time_machine
from flask import Flask
from sqlalchemy import inspect, text

from portal.db import db, now
from portal.flows.seal_history import seal
from portal.flows.verify_history import verify


def found_in(app: Flask, *words: str) -> set[str]:
    """Return the tables and columns in which one of *words* stands, whatever its case."""
    wanted = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)
    with app.app_context():
        return {place for place, held in _cells(app) if wanted.search(held)}


def _cells(app: Flask) -> Iterator[tuple[str, str]]:
    with db.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        if connection.dialect.name == "sqlite":
            query = text("SELECT name FROM sqlite_master WHERE type = 'table'")
            names = [*connection.scalars(query)]  # with those behind the text index
        assert {"contact", "event", "delivery"} <= set(names)
        for name in names:
            for row in connection.execute(text(f'SELECT * FROM "{name}"')).mappings():
                for column, value in row.items():
                    held = value.decode("utf-8", "ignore") if isinstance(value, bytes) else value
                    yield f"{name}.{column}", str(held)


def seals(app: Flask) -> None:
    with app.app_context(), time_machine.travel(now() + timedelta(seconds=3)):
        seal()


def fault(app: Flask) -> str:
    """Return what `portal audit verify` finds wrong."""
    with app.app_context():
        db.session.rollback()
        verdict = verify()
        return " ".join([verdict.fault, *(one.fault for one in verdict.accounts.values())]).strip()

"""What stands in the database, read beside the app."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import Select, select, text

from portal.db import Base, db
from portal.models import ClientSession, Delivery, Event, MagicLink


def dump(app: Flask, *, but: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return every row of every table, as text."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for table in Base.metadata.sorted_tables
            if table.name not in but
        }


def all_of(app: Flask, query: Select[Any]) -> list[Any]:
    with app.app_context(), db.engine.connect() as connection:
        return list(connection.execute(query))


def sessions(app: Flask) -> list[Any]:
    return all_of(app, select(ClientSession.__table__))


def links(app: Flask) -> list[Any]:
    return all_of(app, select(MagicLink.__table__).order_by(MagicLink.created_at))


def deliveries(app: Flask) -> list[Any]:
    return all_of(app, select(Delivery.__table__).order_by(Delivery.id))


def events(app: Flask, kind: str) -> list[Any]:
    return all_of(app, select(Event.__table__).where(Event.kind == kind).order_by(Event.id))


def execute(app: Flask, statement: str, **values: object) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(statement), values)

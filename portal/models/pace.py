"""Pace: when the next one may go, for whatever must not go too fast."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Interval,
    String,
    cast,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, UtcDateTime, db, now

LONGEST_WAIT = timedelta(hours=24)
"""Nobody who takes turns by `is_due` waits longer between two."""


class Pace(Base):
    """One queue for turns. Turns are handed out one after the other, *every* so often."""

    __tablename__ = "pace"

    name: Mapped[str] = mapped_column(String(300), primary_key=True)
    next_at: Mapped[datetime]

    @classmethod
    def take_turn(cls, name: str, every: timedelta) -> datetime:
        """Return when the turn is that nobody else has: now at the earliest."""
        at = now()
        after_now = literal(at + every, UtcDateTime())
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        free = cls.next_at <= at
        until: datetime = db.session.scalars(
            dialect.insert(cls)
            .values(name=name, next_at=at + every)
            .on_conflict_do_update(
                index_elements=["name"],
                set_={"next_at": db.case((free, after_now), else_=_later(cls.next_at, every))},
            )
            .returning(cls.next_at)
        ).one()
        return until - every

    @classmethod
    def is_due(cls, name: str, every: timedelta) -> bool:
        """Take the turn if it is now: one of all who ask gets it, *every* so often."""
        at = now()
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        taken = db.session.execute(
            dialect.insert(cls)
            .values(name=name, next_at=at + every)
            .on_conflict_do_update(
                index_elements=["name"], set_={"next_at": at + every}, where=_is_open(at)
            )
            .returning(cls.name)
        ).first()
        return taken is not None

    @classmethod
    def is_open(cls, name: str) -> bool:
        """Tell whether the turn could be taken now."""
        query = select(cls.name).where(cls.name == name, ~_is_open(now()))
        return db.session.scalar(query) is None

    @classmethod
    def put_off(cls, name: str, until: datetime) -> None:
        """Let nobody have a turn before *until*."""
        db.session.execute(
            update(cls)
            .where(cls.name == name)
            .values(next_at=until)
            .execution_options(synchronize_session=False)
        )


def _is_open(at: datetime) -> ColumnElement[bool]:
    """The turn has come, or lies so far ahead that the clock must have been put back."""
    return or_(Pace.next_at <= at, Pace.next_at > at + LONGEST_WAIT)


def _later(column: Any, by: timedelta) -> Any:
    """Return SQL for *column* plus *by*: SQLite counts microseconds, PostgreSQL has intervals."""
    if db.engine.dialect.name == "sqlite":
        return cast(column, BigInteger) + by // timedelta(microseconds=1)
    return column + literal(by, Interval())

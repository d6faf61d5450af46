"""How the outbox is doing, in numbers that cost the same however many rows it holds.

Each query reads an index from one end and stops at `MOST` rows, so ten million finished rows cost
no more than ten thousand. A number that reached the bound is a lower bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Index,
    Select,
    Subquery,
    func,
    literal_column,
    select,
    text,
    type_coerce,
)
from sqlalchemy.engine import Connection

from portal.db import UtcDateTime, alone, now
from portal.models.channel_setting import ChannelSetting
from portal.models.delivery import ARRIVING, PENDING, Delivery, Status

MOST = 10_000
MOST_SENT = 100_000
MINUTES = (1, 5, 60)
FAILURES_OF = timedelta(hours=24)

# Written out, never bound: by a bound status neither database can tell that an index fits that
# holds some statuses only, and SQLite wants the very words of the index.
_PENDING = text("status IN ('queued', 'sending')")
_TROUBLE = text("status IN ('bounced', 'complained', 'failed', 'expired', 'unknown')")
_FINISHED = text("finished_at IS NOT NULL")

Index(
    "ix_delivery_finished_at",
    Delivery.finished_at,
    Delivery.status,
    sqlite_where=_FINISHED,
    postgresql_where=_FINISHED,
)
Index(
    "ix_delivery_trouble_finished_at",
    Delivery.finished_at,
    Delivery.status,
    Delivery.cause,
    sqlite_where=_TROUBLE,
    postgresql_where=_TROUBLE,
)


@dataclass(frozen=True)
class Figures:
    """How it is at the moment, for the whole installation or for one account.

    *failures* are those of the last 24 hours by (status, cause), *paused* counts the accounts by
    (channel, why).
    """

    depth: Mapping[str, int]
    oldest_due_at: datetime | None
    failures: Mapping[tuple[str, str], int]
    paused: Mapping[tuple[str, str], int]

    @property
    def oldest_age(self) -> timedelta:
        """For how long the message has been due that has waited longest; 0 when none has."""
        late = now() - self.oldest_due_at if self.oldest_due_at else timedelta()
        return max(late, timedelta())


def figures(account_id: int | None = None) -> Figures:
    """Read all of them, outside the session and in no transaction. Raises DatabaseAway."""
    with alone().connect() as connection:
        return Figures(
            depth={status: _depth(connection, status, account_id) for status in PENDING},
            oldest_due_at=connection.scalar(_oldest_due(account_id)),
            failures={
                (row[0], row[1]): row[2] for row in connection.execute(_failures(account_id))
            },
            paused={(row[0], row[1]): row[2] for row in connection.execute(_paused(account_id))},
        )


def sent(account_id: int | None = None) -> dict[int, int]:
    """Return how many messages providers took in the last 1, 5 and 60 minutes."""
    at = now()
    since = {minutes: at - timedelta(minutes=minutes) for minutes in MINUTES}
    rows = _latest(since[max(MINUTES)], _FINISHED, account_id, MOST_SENT)
    counts = [
        func.count().filter(rows.c.finished_at > since[minutes], rows.c.status.in_(ARRIVING))
        for minutes in MINUTES
    ]
    with alone().connect() as connection:
        found = connection.execute(_of(select(*counts), rows, account_id)).one()
    return dict(zip(MINUTES, found, strict=True))


def _depth(connection: Connection, status: Status, account_id: int | None) -> int:
    rows = _first_rows(select(*_columns(account_id)).where(_PENDING, Delivery.status == status))
    return connection.scalar(_of(select(func.count()), rows, account_id)) or 0


def _oldest_due(account_id: int | None) -> Select[*tuple[Any, ...]]:
    waiting = select(Delivery.due_at, *_columns(account_id)).where(
        _PENDING, Delivery.status == Status.QUEUED
    )
    rows = _first_rows(waiting.order_by(Delivery.due_at), 1 if account_id is None else MOST)
    oldest = type_coerce(func.min(rows.c.due_at), UtcDateTime())
    return _of(select(oldest), rows, account_id)


def _failures(account_id: int | None) -> Select[*tuple[Any, ...]]:
    rows = _latest(now() - FAILURES_OF, _TROUBLE, account_id, MOST)
    query = select(rows.c.status, rows.c.cause, func.count())
    return _of(query, rows, account_id).group_by(rows.c.status, rows.c.cause)


def _paused(account_id: int | None) -> Select[*tuple[Any, ...]]:
    is_paused = text("paused_why <> ''")
    found = select(ChannelSetting.channel, ChannelSetting.paused_why).where(is_paused)
    if account_id is not None:
        found = found.where(ChannelSetting.account_id == account_id)
    rows = _first_rows(found)
    return select(rows.c.channel, rows.c.paused_why, func.count()).group_by(
        rows.c.channel, rows.c.paused_why
    )


def _latest(since: datetime, kind: Any, account_id: int | None, most: int) -> Subquery:
    """Return the rows of *kind* that ended after *since*, the latest of them."""
    columns = (Delivery.finished_at, Delivery.status, Delivery.cause)
    wanted = columns if kind is _TROUBLE else columns[:2]
    found = select(*wanted, *_columns(account_id)).where(kind, Delivery.finished_at > since)
    return _first_rows(found.order_by(Delivery.finished_at.desc()), most)


def _columns(account_id: int | None) -> tuple[Any, ...]:
    """Without an account to look for, the index alone answers."""
    return (literal_column("1").label("one"),) if account_id is None else (Delivery.account_id,)


def _first_rows(query: Select[*tuple[Any, ...]], most: int = MOST) -> Subquery:
    """Bound *query*, with a number that the planner can see."""
    return query.limit(literal_column(str(most))).subquery()


def _of(
    query: Select[*tuple[Any, ...]], rows: Subquery, account_id: int | None
) -> Select[*tuple[Any, ...]]:
    query = query.select_from(rows)
    return query if account_id is None else query.where(rows.c.account_id == account_id)

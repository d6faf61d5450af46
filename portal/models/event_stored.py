"""Events as they are stored, with their proofs: what is sealed, and what is verified."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import aliased

from portal.models.contact import Contact
from portal.models.event import Event
from portal.models.event_proof import Line
from portal.models.staff import Staff


class Stored(NamedTuple):
    """One event. *contact_id* and *staff_id* say who is shown, *line* what was written down."""

    id: int
    contact_id: int | None
    staff_id: int | None
    line: Line

    @property
    def is_as_written(self) -> bool:
        line = self.line
        is_same = (self.contact_id, self.staff_id) == (line.subject_id, line.author_id)
        return is_same and not line.is_erased

    @property
    def name(self) -> str:
        """How it is called where somebody has to find it."""
        return f"event {self.id} ({self.line.kind}, {self.line.at:%Y-%m-%d %H:%M:%S} UTC)"


def after(
    connection: Connection,
    event_id: int,
    *,
    up_to: int | None = None,
    account_id: int | None = None,
    most: int | None = None,
) -> list[Stored]:
    """Return the events after *event_id* by their ids."""
    query = _ALL.where(Event.id > event_id)
    if up_to is not None:
        query = query.where(Event.id <= up_to)
    if account_id is not None:
        query = query.where(Event.account_id == account_id)
    return _read(connection, query.order_by(Event.id).limit(most))


def within(connection: Connection, gaps: Iterable[Sequence[int]], most: int) -> list[Stored]:
    """Return the events whose ids are in one of *gaps*."""
    stretches: list[ColumnElement[bool]] = [Event.id.between(a, b) for a, b, _ in gaps]
    if not stretches:
        return []
    return _read(connection, _ALL.where(or_(*stretches)).order_by(Event.id).limit(most))


def by_ids(connection: Connection, ids: Collection[int]) -> list[Stored]:
    return _read(connection, _ALL.where(Event.id.in_(ids)).order_by(Event.id))


def copies(connection: Connection, ids: Collection[int]) -> set[int]:
    """Return those of *ids* whose proof stands in another row too: a line is written once."""
    other = aliased(Event)
    query = select(Event.id).join(
        other,
        (other.account_id == Event.account_id)
        & (other.at == Event.at)
        & (other.proof == Event.proof)
        & (other.id != Event.id),
    )
    return set(connection.scalars(query.where(Event.id.in_(ids))))


def tampered(connection: Connection, events: Sequence[Stored]) -> list[Stored]:
    """Return those of *events* that do not show who they are about, or who did it, although the
    one whom they name is still there. A row that was made later has only taken the number."""
    doubtful = [event for event in events if not event.is_as_written]
    contacts = _made(connection, Contact, {event.line.subject_id for event in doubtful})
    people = _made(connection, Staff, {event.line.author_id for event in doubtful})
    return [event for event in doubtful if _is_tampered(event, contacts, people)]


def _is_tampered(event: Stored, contacts: dict[int, datetime], people: dict[int, datetime]) -> bool:
    line = event.line
    about = line.is_erased or event.contact_id != line.subject_id
    by = event.staff_id != line.author_id
    return (about and _was_there(line.subject_id, line.at, contacts)) or (
        by and _was_there(line.author_id, line.at, people)
    )


def _was_there(row_id: int | None, at: datetime, made: dict[int, datetime]) -> bool:
    """Nobody is always there: a line about nobody never loses anybody."""
    return row_id is None or (row_id in made and made[row_id] <= at)


def _made(
    connection: Connection, table: type[Contact] | type[Staff], ids: set[int | None]
) -> dict[int, datetime]:
    named = [row_id for row_id in ids if row_id is not None]
    if not named:
        return {}
    rows = connection.execute(select(table.id, table.created_at).where(table.id.in_(named)))
    return {row[0]: row[1] for row in rows}


def _read(connection: Connection, query: Any) -> list[Stored]:
    return [
        Stored(row[0], row[1], row[2], Line._make(row[3:])) for row in connection.execute(query)
    ]


_ALL = select(
    Event.id,
    Event.contact_id,
    Event.staff_id,
    *(getattr(Event, name) for name in Line._fields),
)

"""EventCursor: up to where the history is sealed, signed, so that nobody else can move it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import JSON, LargeBinary, delete, func, inspect, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db, execute, now, won
from portal.models.event import Event
from portal.models.event_proof import is_signed, microseconds, sign

THE_ONE = 1
WAITED_FOR = timedelta(days=1)
"""No transaction is open for longer than this with an event of its own."""
MOST_GAPS = 300

Gap = tuple[int, int, int]
"""Ids from the first to the last that were not there, and the microsecond when that was noticed."""


class Place(NamedTuple):
    """Events up to *through* were looked at. Those up to *found_through* were there before there
    were seals, and are sealed as they were found. Ids in *gaps* belong to transactions that were
    taken back, or are still open. *chains* counts the accounts that have seals, *refused* the
    events that the portal did not write."""

    through: int
    found_through: int
    chains: int
    refused: int
    gaps: Sequence[Sequence[int]]
    began_at: datetime
    mac: bytes | None = None

    @property
    def is_ours(self) -> bool:
        return is_signed(self._words, self.mac)

    def signed(self) -> Place:
        return self._replace(mac=sign(self._words))

    def awaits(self, event_id: int) -> bool:
        """Tell whether the event is one that the next round of sealing looks at."""
        return event_id > self.through or any(a <= event_id <= b for a, b, _ in self.gaps)

    def is_found(self, event_id: int) -> bool:
        """Tell whether the event was there before there were seals, and needs no proof."""
        return self.through < event_id <= self.found_through

    def moved(self, ids: Iterable[int], at: datetime) -> Place:
        """Return the place after the events *ids* were looked at, in the order of their ids."""
        gaps, through = [(a, b, noticed) for a, b, noticed in self.gaps], self.through
        for event_id in ids:
            if event_id <= through:
                gaps = [part for gap in gaps for part in _without(gap, event_id)]
                continue
            if event_id > through + 1:
                gaps.append((through + 1, event_id - 1, microseconds(at)))
            through = event_id
        oldest = microseconds(at - WAITED_FOR)
        kept = [gap for gap in gaps if gap[2] > oldest][-MOST_GAPS:]
        return self._replace(through=through, gaps=[list(gap) for gap in kept])

    @property
    def _words(self) -> bytes:
        began = microseconds(self.began_at)
        gaps = [list(gap) for gap in self.gaps]
        facts = [self.through, self.found_through, self.chains, self.refused, gaps, began]
        return b"history is sealed" + json.dumps(facts).encode()


class EventCursor(Base):
    """One row. Whoever seals holds it, so one process does it at a time."""

    __tablename__ = "event_cursor"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    through: Mapped[int]
    found_through: Mapped[int]
    chains: Mapped[int]
    refused: Mapped[int]
    gaps: Mapped[list[list[int]]] = mapped_column(JSON)
    began_at: Mapped[datetime]
    mac: Mapped[bytes] = mapped_column(LargeBinary(32))

    @classmethod
    def read(cls, connection: Connection) -> Place | None:
        row = connection.execute(_PLACE).first()
        return Place._make(row) if row else None

    @classmethod
    def is_made(cls) -> bool:
        """Tell whether the database has the table."""
        return inspect(db.engine).has_table(cls.__tablename__)

    @classmethod
    def hold(cls) -> Place | None:
        """Return the place, which nobody else can move until the transaction ends; None when
        another process holds it, or where sealing was never begun."""
        query = _PLACE.with_for_update(skip_locked=True)
        row = db.session.connection().execute(query).first()
        return Place._make(row) if row else None

    @classmethod
    def begin(cls) -> None:
        """Begin to seal, unless that was begun: what is there by now is sealed as it is found."""
        newest = db.session.scalar(select(func.max(Event.id))) or 0
        place = Place(0, newest, 0, 0, [], now()).signed()
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        added = dialect.insert(cls).values(id=THE_ONE, **place._asdict())
        db.session.execute(added.on_conflict_do_nothing(index_elements=["id"]))

    @classmethod
    def move(cls, was: Place, to: Place) -> bool:
        """Write *to* down; tell whether nobody had moved the place meanwhile."""
        return won(
            db.session.execute(
                update(cls)
                .where(cls.id == THE_ONE, cls.mac == was.mac)
                .values(to.signed()._asdict())
                .execution_options(synchronize_session=False)
            )
        )

    @classmethod
    def forget(cls) -> None:
        execute(delete(cls))


def _without(gap: Gap, event_id: int) -> list[Gap]:
    """Return what is left of a gap when one of its events has come after all."""
    first, last, noticed = gap
    if not first <= event_id <= last:
        return [gap]
    parts = [(first, event_id - 1, noticed), (event_id + 1, last, noticed)]
    return [part for part in parts if part[0] <= part[1]]


_PLACE = select(
    EventCursor.through,
    EventCursor.found_through,
    EventCursor.chains,
    EventCursor.refused,
    EventCursor.gaps,
    EventCursor.began_at,
    EventCursor.mac,
).where(EventCursor.id == THE_ONE)

"""WorkerSign: a sign of life of one `portal worker`, so that others can tell that it runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import String, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.config import settings
from portal.db import Base, alone, db, now

EVERY = timedelta(seconds=10)
FORGOTTEN_AFTER = timedelta(days=1)
SHOWN_AT_MOST = 1000


class Seen(NamedTuple):
    """What is known of one worker."""

    id: UUID
    seen_at: datetime
    started_at: datetime
    version: str
    processes: int


class WorkerSign(Base):
    """One row for each `portal worker` of the last day. Its id is drawn, and names no machine."""

    __tablename__ = "worker_sign"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime] = mapped_column(default_factory=now)
    version: Mapped[str] = mapped_column(String(40), default="")
    processes: Mapped[int] = mapped_column(default=1)

    @classmethod
    def beat(cls, sign: UUID, *, started_at: datetime, version: str, processes: int) -> None:
        """Say that the worker named *sign* is alive, and forget those that have long been silent.

        One statement writes the row, and the rows to forget are found by their index.
        """
        at = now()
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        db.session.execute(
            dialect.insert(cls)
            .values(
                id=sign,
                seen_at=at,
                started_at=started_at,
                version=version[:40],
                processes=processes,
            )
            .on_conflict_do_update(index_elements=["id"], set_={"seen_at": at})
        )
        db.session.execute(
            delete(cls)
            .where(cls.seen_at < at - FORGOTTEN_AFTER)
            .execution_options(synchronize_session=False)
        )

    @classmethod
    def alive(cls) -> list[Seen]:
        """Return the workers that have been seen within `silence`, latest first."""
        query = (
            select(cls.id, cls.seen_at, cls.started_at, cls.version, cls.processes)
            .where(cls.seen_at >= now() - silence())
            .order_by(cls.seen_at.desc())
            .limit(SHOWN_AT_MOST)
        )
        with alone().connect() as connection:
            return [Seen._make(row) for row in connection.execute(query)]


def silence() -> timedelta:
    """Return how long a worker may be silent before it counts as gone: three signs missed."""
    return 3 * max(EVERY, timedelta(seconds=settings().sweep))

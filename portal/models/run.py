"""Run: a bulk action over many contacts, from the file it comes from to the last message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, db, first, now
from portal.models.delivery import TROUBLE
from portal.models.staff import Staff

LEASE = timedelta(seconds=8)
"""Who works on a run renews it with each chunk; after a kill another goes on so much later."""
KEPT = timedelta(days=30)
"""So long after its end the rows of a run are kept; the run itself stays in the history."""
PAGE = 25


class What(StrEnum):
    INVITE = "invite"
    LOGIN_EMAIL = "login_email"
    ADD = "add"
    TAG = "tag"


class Status(StrEnum):
    UPLOADING = "uploading"
    DRAFT = "draft"
    READING = "reading"
    PREVIEWED = "previewed"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"
    REFUSED = "refused"


WORKED_ON = (Status.READING, Status.RUNNING)
OPEN = (Status.DRAFT, Status.READING, Status.PREVIEWED, Status.RUNNING, Status.PAUSED)
ENDED = (Status.CANCELLED, Status.DONE, Status.REFUSED)


class RunLine(NamedTuple):
    """A run in the list, with who began it."""

    run: Run
    staff_name: str | None
    staff_email: str | None


class Run(Base):
    """One bulk action. Its rows say of whom, and what became of each."""

    __tablename__ = "run"
    __table_args__ = (
        Index("ix_run_account_id_id", "account_id", "id"),
        Index("ix_run_status", "status"),
        Index(
            "ix_run_tally_at",
            "tally_at",
            sqlite_where=text("tally_at IS NOT NULL"),
            postgresql_where=text("tally_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    staff_id: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id", ondelete="SET NULL"), default=None
    )
    """None for an operator's, and for somebody's who is gone."""
    what: Mapped[str] = mapped_column(String(12))
    tag: Mapped[str] = mapped_column(String(60), default="")
    source: Mapped[str] = mapped_column(String(10))
    """`file`, `pasted` or `selection`."""
    file_name: Mapped[str] = mapped_column(String(200), default="")
    status: Mapped[str] = mapped_column(String(10), default=Status.UPLOADING)
    asked: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)
    """Of a selection: whom it means."""
    shape: Mapped[dict[str, Any]] = mapped_column(JSON, default_factory=dict)
    """Of a file: encoding, delimiter, head, columns, the fields that they hold, first rows."""
    plan: Mapped[dict[str, str]] = mapped_column(JSON, default_factory=dict)
    """What is done, by verdict."""
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default_factory=dict)
    """How many rows there are, by verdict."""
    tally: Mapped[dict[str, int]] = mapped_column(JSON, default_factory=dict)
    """How many messages there are, by their status."""
    position: Mapped[int] = mapped_column(default=0)
    """How far it was read: rows of a file, or the last contact of a selection."""
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    request_id: Mapped[str] = mapped_column(String(32), default="")
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    begin_at: Mapped[datetime | None] = mapped_column(default=None)
    """Until then it can be taken back as if nothing had been."""
    since_at: Mapped[datetime | None] = mapped_column(default=None)
    """Since when it goes on without a pause; `since_done` rows were done then."""
    since_done: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    tally_at: Mapped[datetime | None] = mapped_column(default=None)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    claim: Mapped[int] = mapped_column(default=0)
    """Raised by whoever takes it up; who held it before can write nothing more."""

    @property
    def may_have_failed(self) -> bool:
        """Something could not be done, or a message of it is known to have failed; when nothing
        is, nobody need look through all of its rows."""
        return bool(self.failed or any(self.tally.get(status) for status in TROUBLE))

    @property
    def left(self) -> int:
        return max(self.total - self.done, 0)

    @property
    def rate(self) -> float:
        """Rows a second since it last began or went on."""
        if self.since_at is None:
            return 0.0
        seconds = ((self.finished_at or now()) - self.since_at).total_seconds()
        return (self.done - self.since_done) / seconds if seconds > 0 else 0.0

    @classmethod
    def find(cls, account_id: int, run_id: int) -> Run | None:
        return db.session.scalar(
            select(cls)
            .where(cls.account_id == account_id, cls.id == run_id)
            .execution_options(populate_existing=True)
        )

    @classmethod
    def of_id(cls, run_id: int) -> Run | None:
        return db.session.get(cls, run_id, populate_existing=True)

    @classmethod
    def count_open(cls, account_id: int) -> int:
        query = select(func.count()).where(cls.account_id == account_id, cls.status.in_(OPEN))
        return db.session.scalar(query) or 0

    @classmethod
    def page(cls, account_id: int, before: int | None) -> list[RunLine]:
        """Return the account's latest runs, one more than a page has."""
        query = (
            select(cls, Staff.name, Staff.email)
            .outerjoin(Staff, Staff.id == cls.staff_id)
            .where(cls.account_id == account_id, cls.status != Status.UPLOADING)
            .order_by(cls.id.desc())
            .limit(PAGE + 1)
        )
        if before is not None:
            query = query.where(cls.id < before)
        return [RunLine._make(row) for row in db.session.execute(query)]

    @classmethod
    def change(
        cls, account_id: int, run_id: int, *, was: Sequence[Status], **values: Any
    ) -> Run | None:
        """Set *values* if its status was one of *was*; return it, or None if it was not."""
        return cls._won(cls.account_id == account_id, cls.id == run_id, was=was, values=values)

    @classmethod
    def due(cls) -> list[int]:
        """Return the runs that nobody works on although there is work, oldest first."""
        at = now()
        query = select(cls.id).where(
            or_(
                (cls.status == Status.READING) & _is_free(at),
                (cls.status == Status.RUNNING) & _is_free(at) & (cls.begin_at <= at),
                cls.tally_at <= at,
            )
        )
        return list(db.session.scalars(query.order_by(cls.id).limit(100)))

    @classmethod
    def is_to_count(cls, run_id: int) -> bool:
        """Tell whether it is time to count the run's messages anew."""
        return first(select(cls.id).where(cls.id == run_id, cls.tally_at <= now())) is not None

    @classmethod
    def take_up(cls, run_id: int, status: Status) -> Run | None:
        """Claim the run if nobody works on it; of all who try, one gets it."""
        at = now()
        free = [cls.id == run_id, _is_free(at)]
        if status == Status.RUNNING:
            free.append(cls.begin_at <= at)
        values = {"lease_until": at + LEASE, "claim": cls.claim + 1}
        return cls._won(*free, was=(status,), values=values)

    @classmethod
    def hold(cls, run: Run, **values: Any) -> Run | None:
        """Renew the lease, and write *values*, while *run* is still ours and not paused.

        The row stays locked until the transaction ends: nobody else does the same chunk.
        """
        ours = (cls.id == run.id, cls.claim == run.claim)
        renewed = {"lease_until": now() + LEASE, **values}
        return cls._won(*ours, was=(Status(run.status),), values=renewed)

    @classmethod
    def let_go(cls, run: Run) -> None:
        """Leave the rest to whoever comes next, at once."""
        db.session.execute(
            update(cls)
            .where(cls.id == run.id, cls.claim == run.claim)
            .values(lease_until=None)
            .execution_options(synchronize_session=False)
        )

    @classmethod
    def forget(cls, account_id: int, run_id: int) -> None:
        db.session.execute(
            delete(cls)
            .where(cls.account_id == account_id, cls.id == run_id)
            .execution_options(synchronize_session=False)
        )

    @classmethod
    def give_up_lost(cls) -> None:
        """Forget uploads that never ended, and cancel what nobody has begun for a month."""
        at = now()
        db.session.execute(
            delete(cls)
            .where(cls.status == Status.UPLOADING, cls.created_at < at - timedelta(hours=6))
            .execution_options(synchronize_session=False)
        )
        db.session.execute(
            update(cls)
            .where(cls.status.in_((Status.DRAFT, Status.PREVIEWED)), cls.created_at < at - KEPT)
            .values(status=Status.CANCELLED, finished_at=at)
            .execution_options(synchronize_session=False)
        )

    @classmethod
    def _won(
        cls, *where: ColumnElement[bool], was: Sequence[Status], values: dict[str, Any]
    ) -> Run | None:
        found = db.session.execute(
            update(cls)
            .where(*where, cls.status.in_(was))
            .values(values)
            .returning(cls.id)
            .execution_options(synchronize_session=False)
        ).first()
        if found is None:
            return None
        run = cls.of_id(found[0])
        db.session.expunge(run)  # it is read on when its transaction is long over
        return run


def _is_free(at: datetime) -> ColumnElement[bool]:
    """Nobody holds it, or the lease is longer than leases are: the clock was put back."""
    until = Run.lease_until
    return or_(until.is_(None), until <= at, until > at + 2 * LEASE)

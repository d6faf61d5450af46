"""RunRow: one row of a run: who is meant, the verdict on it, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from portal.db import Base, Id, alone, big_id, db, execute, first, now
from portal.models.delivery import IS_PENDING, TROUBLE, Delivery
from portal.models.delivery import Status as Sending

PAGE = 50


class Verdict(StrEnum):
    NEW = "new"
    KNOWN = "known"
    INVITED = "invited"
    JOINED = "joined"
    BOUNCED = "bounced"
    SHUT_OUT = "shut_out"
    TYPO = "typo"
    DUPLICATE = "duplicate"
    INVALID = "invalid"


class State(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class RunRow(Base):
    """One row. *contact_id* and *delivery_id* are set by the transaction that does it."""

    __tablename__ = "run_row"
    __table_args__ = (
        Index("ix_run_row_run_id_state", "run_id", "state", "id"),
        Index("ix_run_row_run_id_id", "run_id", "id"),
        Index("ix_run_row_run_id_verdict", "run_id", "verdict", "id"),
        Index("ix_run_row_run_id_email_norm", "run_id", "email_norm"),
        Index(
            "ix_run_row_delivery_id",
            "delivery_id",
            unique=True,
            sqlite_where=text("delivery_id IS NOT NULL"),
            postgresql_where=text("delivery_id IS NOT NULL"),
        ),
        Index(
            "ix_run_row_contact_id",
            "contact_id",
            sqlite_where=text("contact_id IS NOT NULL"),
            postgresql_where=text("contact_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id] = mapped_column(init=False)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    line: Mapped[int]
    email: Mapped[str] = mapped_column(String(320), default="")
    email_norm: Mapped[str] = mapped_column(String(254), default="")
    name: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(20), default="")
    external_id: Mapped[str] = mapped_column(String(100), default="")
    tags: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    verdict: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text, default="")
    suggestion: Mapped[str] = mapped_column(String(320), default="")
    state: Mapped[str] = mapped_column(String(8), default=State.WAITING)
    error: Mapped[str] = mapped_column(Text, default="")
    contact_id: Mapped[int | None] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), default=None
    )
    delivery_id: Mapped[int | None] = mapped_column(default=None)

    @classmethod
    def add_all(cls, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            execute(insert(cls), list(rows))

    @classmethod
    def norms_among(cls, run_id: int, norms: Sequence[str]) -> set[str]:
        """Return those of *norms* that an earlier row of the run has."""
        if db.engine.dialect.name == "postgresql":
            return set(execute(_SEEN_BEFORE, {"norms": list(norms), "run": run_id}).scalars())
        query = select(cls.email_norm).where(cls.run_id == run_id, cls.email_norm.in_(norms))
        return set(db.session.scalars(query))

    @classmethod
    def waiting(cls, run_id: int, limit: int) -> list[RunRow]:
        """Return the next rows to be done, in the order in which everybody does them."""
        query = select(cls).where(cls.run_id == run_id, cls.state == State.WAITING)
        return list(
            db.session.scalars(
                query.order_by(cls.id).limit(limit).execution_options(populate_existing=True)
            )
        )

    @classmethod
    def finish(cls, ends: Sequence[dict[str, Any]]) -> None:
        """Write what became of rows: *row*, *became*, *why*, *whom* and *sent*."""
        if ends:
            execute(_FINISH, list(ends))

    @classmethod
    def page(cls, run_id: int, verdict: str, after: int, state: str = "") -> list[RunRow]:
        """Return rows of the preview, one more than a page has."""
        query = select(cls).where(cls.run_id == run_id, cls.id > after)
        if verdict:
            query = query.where(cls.verdict == verdict)
        if state:
            query = query.where(cls.state == state)
        return list(db.session.scalars(query.order_by(cls.id).limit(PAGE + 1)))

    @classmethod
    def rejected(cls, run_id: int) -> Iterator[list[tuple[RunRow, str]]]:
        """Yield the rows that were not done, each with what its message ended with, some hundred
        at a time; no transaction is open in between."""
        after = 0
        while True:
            query = (
                select(cls, Delivery.error)
                .outerjoin(Delivery, Delivery.id == cls.delivery_id)
                .where(cls.run_id == run_id, cls.id > after, _was_not_done())
                .order_by(cls.id)
                .limit(500)
            )
            found = [(row[0], row[1] or "") for row in db.session.execute(query)]
            db.session.rollback()
            if not found:
                return
            yield found
            after = found[-1][0].id

    @classmethod
    def again(cls, run_id: int) -> int:
        """Let the failed wait once more; return how many those are."""
        changed: Any = db.session.execute(
            update(cls)
            .where(cls.run_id == run_id, _has_failed())
            .values(state=State.WAITING, error="")
            .execution_options(synchronize_session=False)
        )
        return int(changed.rowcount)

    @classmethod
    def count_failed(cls, run_id: int) -> int:
        query = select(func.count()).select_from(cls).where(cls.run_id == run_id, _has_failed())
        return db.session.scalar(query) or 0

    @classmethod
    def messages(cls, run_id: int) -> dict[str, int]:
        """Return how many messages of the run there are, by their status."""
        query = (
            select(Delivery.status, func.count())
            .join(cls, cls.delivery_id == Delivery.id)
            .where(cls.run_id == run_id)
            .group_by(Delivery.status)
        )
        with alone().connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    @classmethod
    def backlog(cls, run_id: int, most: int) -> int:
        """Return how many of the run's messages still wait to go out, *most* for any more."""
        query = select(Delivery.id).where(IS_PENDING, _of_run(run_id)).limit(most)
        found = first(select(func.count()).select_from(query.subquery()))
        return int(found[0]) if found else 0

    @classmethod
    def served(cls, run_id: int, rows: Sequence[RunRow], contact_ids: Sequence[int]) -> set[int]:
        """Return those of the contacts to whom another row than *rows* has sent something."""
        query = select(cls.contact_id).where(
            cls.run_id == run_id,
            cls.contact_id.in_(contact_ids),
            cls.delivery_id.is_not(None),
            cls.id.not_in([row.id for row in rows]),
        )
        return {one for one in db.session.scalars(query) if one is not None}

    @classmethod
    def take_back(cls, account_id: int, run_id: int, why: str) -> list[Any]:
        """Cancel the run's messages that have not gone out; return id, contact, link of each."""
        taken = db.session.execute(
            update(Delivery)
            .where(
                IS_PENDING,
                Delivery.status == Sending.QUEUED,
                Delivery.account_id == account_id,
                _of_run(run_id),
            )
            .values(status=Sending.CANCELLED, error=why, finished_at=now())
            .returning(Delivery.id, Delivery.contact_id, Delivery.link_id)
            .execution_options(synchronize_session=False)
        )
        return sorted(taken.all())


def _of_run(run_id: int) -> ColumnElement[bool]:
    return exists().where(RunRow.delivery_id == Delivery.id, RunRow.run_id == run_id)


def _has_failed() -> ColumnElement[bool]:
    """It could not be done, or its message ended without arriving and nothing stands in for it."""
    message = aliased(Delivery)
    ended = exists().where(
        message.id == RunRow.delivery_id,
        message.status.in_(TROUBLE),
        ~Delivery.has_stand_in(message.id),
    )
    return or_(RunRow.state == State.FAILED, and_(RunRow.state == State.DONE, ended))


def _was_not_done() -> ColumnElement[bool]:
    return or_(
        RunRow.state.in_((State.SKIPPED, State.FAILED)),
        RunRow.verdict.in_((Verdict.INVALID, Verdict.DUPLICATE)),
        _has_failed(),
    )


_SEEN_BEFORE = text(
    "SELECT asked.norm FROM unnest(CAST(:norms AS varchar[])) AS asked (norm), LATERAL (SELECT 1"
    " FROM run_row WHERE run_id = :run AND email_norm = asked.norm LIMIT 1) AS found"
)
"""One look into the index for each: of a table that has just grown PostgreSQL knows no figures,
and would read all of it each time."""
_FINISH = (
    update(RunRow)
    .where(RunRow.id == bindparam("row", type_=big_id))
    .values(
        state=bindparam("became", type_=String()),
        error=bindparam("why", type_=Text()),
        contact_id=bindparam("whom", type_=big_id),
        delivery_id=bindparam("sent", type_=big_id),
    )
)

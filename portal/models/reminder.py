"""Reminder: when an invited contact is reminded next, and whether it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Index, String, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db, execute, now, won

NOT_ME = "not_me"
_DUE = text("due_at IS NOT NULL")


class Due(NamedTuple):
    """One row as it was read: whoever finds it changed leaves it alone."""

    contact_id: int
    account_id: int
    due_at: datetime
    number: int


class Reminder(Base):
    """One row for each contact who was invited while the account's plan was on, or who said that
    the invitation is not for them.

    A trigger on portal_access (see migrations) ends it with whatever ends the invitation: a
    sign-in, a message that did not arrive, a suspension, a revocation, another address.
    """

    __tablename__ = "reminder"
    __table_args__ = (
        Index("ix_reminder_due_at", "due_at", sqlite_where=_DUE, postgresql_where=_DUE),
        Index("ix_reminder_staff_id", "staff_id"),
    )

    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    staff_id: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id", ondelete="SET NULL"), default=None
    )
    """Who invited them: the reminder comes in their name."""
    invited_at: Mapped[datetime] = mapped_column(default_factory=now)
    number: Mapped[int] = mapped_column(default=0)
    """How many were sent since the invitation."""
    reminded_at: Mapped[datetime | None] = mapped_column(default=None)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    ended: Mapped[str] = mapped_column(String(12), default="")

    @classmethod
    def of(cls, contact_id: int) -> Reminder | None:
        return db.session.get(cls, contact_id, populate_existing=True)

    @classmethod
    def plan_all(
        cls,
        account_id: int,
        contact_ids: Sequence[int],
        *,
        staff_id: int | None,
        invited_at: datetime,
        due_at: datetime,
    ) -> None:
        """Begin anew for those who were just invited, but not for who said that it is not them."""
        if not contact_ids:
            return
        fresh = {"staff_id": staff_id, "invited_at": invited_at, "number": 0, "due_at": due_at,
                 "reminded_at": None, "ended": ""}  # fmt: skip
        row = {"account_id": account_id, **fresh}
        rows = [{"contact_id": contact_id, **row} for contact_id in sorted(contact_ids)]
        added = _dialect().insert(cls).values(rows)
        execute(
            added.on_conflict_do_update(
                index_elements=["contact_id"],
                set_={name: added.excluded[name] for name in fresh},
                where=cls.ended != NOT_ME,
            )
        )

    @classmethod
    def due(cls, at: datetime, most: int) -> list[Due]:
        """Return those whose time has come, the longest due first."""
        rows = db.session.execute(
            select(cls.contact_id, cls.account_id, cls.due_at, cls.number)
            .where(_DUE, cls.due_at <= at)
            .order_by(cls.due_at)
            .limit(most)
        )
        return [Due._make(row) for row in rows]

    @classmethod
    def move(cls, due: Due, to: datetime) -> bool:
        """Put it off. Tell whether it still stood as it was read."""
        return cls._change(due, due_at=to)

    @classmethod
    def end(cls, due: Due, why: str) -> bool:
        return cls._change(due, due_at=None, ended=why)

    @classmethod
    def take(cls, due: Due, *, at: datetime, next_at: datetime | None) -> bool:
        """Count one reminder. Of all who try at once, one is told that it may send it."""
        values = {"number": due.number + 1, "reminded_at": at, "due_at": next_at}
        return cls._change(due, **values, ended="" if next_at else "all_sent")

    @classmethod
    def refuse(cls, contact_id: int, account_id: int) -> bool:
        """End it because whoever got the message says that it is not for them; tell whether that
        is new. It stays so until the contact has another address."""
        added = (
            _dialect()
            .insert(cls)
            .values(
                contact_id=contact_id,
                account_id=account_id,
                invited_at=now(),
                number=0,
                ended=NOT_ME,
            )
        )
        statement = added.on_conflict_do_update(
            index_elements=["contact_id"],
            set_={"due_at": None, "ended": NOT_ME},
            where=cls.ended != NOT_ME,
        )
        return db.session.execute(statement.returning(cls.contact_id)).first() is not None

    @classmethod
    def forget(cls, contact_id: int) -> None:
        execute(delete(cls).where(cls.contact_id == contact_id))

    @classmethod
    def _change(cls, due: Due, **values: object) -> bool:
        return won(
            execute(
                update(cls)
                .where(
                    cls.contact_id == due.contact_id,
                    cls.due_at == due.due_at,
                    cls.number == due.number,
                )
                .values(**values)
            )
        )


def _dialect() -> Any:
    return postgresql if db.engine.dialect.name == "postgresql" else sqlite

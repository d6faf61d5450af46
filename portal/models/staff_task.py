"""StaffTask: what only a person can do now, at the end of every channel: hand over the link."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, UtcDateTime, db, execute, now
from portal.models.contact import Contact
from portal.models.delivery import Delivery
from portal.models.magic_link import MagicLink
from portal.models.portal_access import LETS_IN, PortalAccess

HANDED_OVER = "handed over"
"""Why a task is done: the link was shown, which happens once."""


class TaskLine(NamedTuple):
    """One open task with the names that a page needs."""

    id: int
    contact_id: int
    contact_name: str
    contact_email: str
    kind: str
    reason: str
    created_at: datetime


class StaffTask(Base):
    """ "Copy this link": the message did not arrive on any channel, but its link still lives."""

    __tablename__ = "staff_task"
    __table_args__ = (
        Index(
            "ix_staff_task_open",
            "account_id",
            "created_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index("ix_staff_task_contact_id", "contact_id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    link_id: Mapped[UUID] = mapped_column(ForeignKey("magic_link.id", ondelete="CASCADE"))
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("delivery.id", ondelete="CASCADE"), unique=True
    )
    reason: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    done_at: Mapped[datetime | None] = mapped_column(default=None)
    done_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id", ondelete="SET NULL"), default=None
    )
    done_why: Mapped[str] = mapped_column(String(20), default="")

    @classmethod
    def open(cls, delivery: Delivery, reason: str) -> None:
        """Ask staff to hand the link of *delivery* over. Asking twice is harmless; a task that was
        closed before the message failed once more is open again, unless the link was shown."""
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        asked = {
            "reason": reason,
            "expires_at": delivery.deadline_at,
            "created_at": now(),
            "done_at": None,
            "done_by": None,
            "done_why": "",
        }
        db.session.execute(
            dialect.insert(cls)
            .values(
                account_id=delivery.account_id,
                contact_id=delivery.contact_id,
                link_id=delivery.link_id,
                delivery_id=delivery.id,
                **asked,
            )
            .on_conflict_do_update(
                index_elements=["delivery_id"],
                set_=asked,
                where=cls.done_at.is_not(None) & (cls.done_why != HANDED_OVER),
            )
        )

    @classmethod
    def find(cls, account_id: int, task_id: int) -> StaffTask | None:
        return db.session.scalar(select(cls).where(cls.account_id == account_id, cls.id == task_id))

    @classmethod
    def open_of(cls, account_id: int, contact_id: int, link_id: UUID) -> int | None:
        """Return the open task that is about the link, while that still opens something."""
        of_link = (cls.contact_id == contact_id, cls.link_id == link_id)
        query = select(cls.id).where(*_open(account_id), *of_link)
        return db.session.scalar(query.limit(1))

    @classmethod
    def close(cls, contact_id: int, why: str, *, by: int | None = None) -> int:
        """Close the contact's open tasks: handed over, no longer wanted, or the contact is in.
        Return how many there were."""
        still_open = update(cls).where(cls.contact_id == contact_id, cls.done_at.is_(None))
        return execute(still_open.values(done_at=now(), done_by=by, done_why=why)).rowcount

    @classmethod
    def page(
        cls, account_id: int, *, before: tuple[datetime, int] | None = None, size: int = 50
    ) -> list[TaskLine]:
        """Return the account's open tasks, latest first."""
        query = (
            select(
                cls.id,
                cls.contact_id,
                Contact.name,
                Contact.email,
                Delivery.kind,
                cls.reason,
                cls.created_at,
            )
            .join(Contact, Contact.id == cls.contact_id)
            .join(Delivery, Delivery.id == cls.delivery_id)
            .where(*_open(account_id))
        )
        if before is not None:
            at, row_id = before
            key = db.tuple_(db.literal(at, UtcDateTime()), row_id)
            query = query.where(db.tuple_(cls.created_at, cls.id) < key)
        rows = db.session.execute(
            query.order_by(cls.created_at.desc(), cls.id.desc()).limit(size)
        ).all()
        return [TaskLine(*row) for row in rows]


def _open(account_id: int) -> tuple[ColumnElement[bool], ...]:
    """The task of a link that still opens something: a contact who is in needs no link."""
    opens = (
        select(MagicLink.id)
        .join(PortalAccess, PortalAccess.contact_id == MagicLink.contact_id)
        .where(
            MagicLink.id == StaffTask.link_id,
            MagicLink.used_at.is_(None),
            MagicLink.revoked_at.is_(None),
            MagicLink.auth_epoch == PortalAccess.auth_epoch,
            LETS_IN,
            or_(PortalAccess.ends_at.is_(None), PortalAccess.ends_at > now()),
            or_(
                PortalAccess.family_cut_at.is_(None),
                MagicLink.created_at > PortalAccess.family_cut_at,
            ),
        )
    )
    return (
        StaffTask.account_id == account_id,
        StaffTask.done_at.is_(None),
        StaffTask.expires_at > now(),
        opens.exists(),
    )

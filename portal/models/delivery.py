"""Delivery: a message owed, and its fate. The deliveries table is the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    case,
    exists,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, aliased, mapped_column

from portal import queue
from portal.db import Base, Id, UtcDateTime, after_commit, db, now, put, put_all
from portal.models.magic_link import MagicLink


class Status(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


PENDING = (Status.QUEUED, Status.SENDING)
ARRIVING = (Status.SENT, Status.DELIVERED)
TROUBLE = (Status.BOUNCED, Status.COMPLAINED, Status.FAILED, Status.EXPIRED, Status.UNKNOWN)
_PENDING = "status IN ('queued', 'sending')"
IS_PENDING = text(f"delivery.{_PENDING}")
"""Said beside a status that is a parameter: SQLite uses the index of pending rows only for what it
can read in the statement itself."""
_TROUBLE = "status IN ('bounced', 'complained', 'failed', 'expired', 'unknown')"


class Delivery(Base):
    """One message to one contact through one channel, committed with what caused it."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index(
            "ix_delivery_due",
            "status",
            "due_at",
            sqlite_where=text(_PENDING),
            postgresql_where=text(_PENDING),
        ),
        Index("ix_delivery_account_id_created_at", "account_id", "created_at", "id"),
        Index(
            "ix_delivery_trouble",
            "account_id",
            "created_at",
            "id",
            "status",
            "cause",
            "contact_id",
            "channel",
            "kind",
            sqlite_where=text(_TROUBLE),
            postgresql_where=text(_TROUBLE),
        ),
        Index(
            "ix_delivery_provider_id",
            "provider_id",
            sqlite_where=text("provider_id <> ''"),
            postgresql_where=text("provider_id <> ''"),
        ),
        Index(
            "ix_delivery_receipt_due_at",
            "receipt_due_at",
            sqlite_where=text("receipt_due_at IS NOT NULL"),
            postgresql_where=text("receipt_due_at IS NOT NULL"),
        ),
        Index(
            "ix_delivery_follows_id",
            "follows_id",
            unique=True,
            sqlite_where=text("follows_id IS NOT NULL"),
            postgresql_where=text("follows_id IS NOT NULL"),
        ),
        Index("ix_delivery_contact_id_created_at", "contact_id", "created_at"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    link_id: Mapped[UUID] = mapped_column(ForeignKey("magic_link.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(30))
    kind: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(10), default=Status.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    due_at: Mapped[datetime] = mapped_column(default_factory=now)
    deadline_at: Mapped[datetime]
    held: Mapped[bool] = mapped_column(default=False)
    """Waits for its channel, which is paused, until `due_at` at the latest."""
    slot_at: Mapped[datetime | None] = mapped_column(default=None)
    """When its turn is, once it has one in the pace of its channel or domain."""
    follows_id: Mapped[int | None] = mapped_column(default=None)
    """The delivery of the same link that did not arrive, and that this one stands in for."""
    receipt_due_at: Mapped[datetime | None] = mapped_column(default=None)
    """Without a receipt until then, the next channel takes over."""
    provider_id: Mapped[str] = mapped_column(String(200), default="")
    cause: Mapped[str] = mapped_column(String(16), default="")
    error: Mapped[str] = mapped_column(Text, default="")
    reply: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)

    @classmethod
    def queue(
        cls,
        link: MagicLink,
        channel: str,
        *,
        note: str = "",
        wait: timedelta = timedelta(),
        follows_id: int | None = None,
    ) -> Delivery:
        """Owe the contact the message that carries *link*, and wake a worker once committed.

        With *wait* it goes out so much later; until then it can be cancelled.
        """
        delivery = cls.of(link, channel, note)
        delivery.due_at += wait
        delivery.follows_id = follows_id
        put(delivery)
        if not wait:
            after_commit(lambda: queue.wake("deliver", delivery.id))
        return delivery

    @classmethod
    def queue_all(
        cls, links: Sequence[tuple[MagicLink, str]], *, note: str, wait: timedelta
    ) -> dict[int, int]:
        """Owe each of *links* through the channel beside it; return the ids by contact."""
        if not links:
            return {}
        rows = [cls.of(link, channel, note) for link, channel in links]
        for row in rows:
            row.due_at += wait
        found = put_all(rows)
        if not wait:
            for one in found:
                after_commit(partial(queue.wake, "deliver", one))
        return dict(zip((row.contact_id for row in rows), found, strict=True))

    @classmethod
    def stand_in(cls, link: MagicLink, channel: str, follows: Delivery) -> Delivery | None:
        """Owe the same link through another channel, once for each delivery that failed."""
        at = now()
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        values = {
            "account_id": link.account_id,
            "contact_id": link.contact_id,
            "link_id": link.id,
            "channel": channel,
            "kind": link.kind,
            "status": Status.QUEUED,
            "attempts": 0,
            "due_at": at,
            "deadline_at": link.expires_at,
            "held": False,
            "follows_id": follows.id,
            "provider_id": "",
            "cause": "",
            "error": "",
            "reply": "",
            "note": follows.note,
            "created_at": at,
        }
        new_id = db.session.scalar(
            dialect.insert(cls).values(values).on_conflict_do_nothing().returning(cls.id)
        )
        if new_id is None:
            return None
        after_commit(lambda: queue.wake("deliver", new_id))
        return db.session.get(cls, new_id)

    @classmethod
    def is_owed(cls, contact_id: int) -> bool:
        """Tell whether a message to the contact has not gone out yet."""
        query = select(cls.id).where(cls.contact_id == contact_id, cls.status.in_(PENDING))
        return db.session.scalar(query.limit(1)) is not None

    @classmethod
    def has_follower(cls, delivery_id: int) -> bool:
        """Tell whether another delivery stands in for this one already."""
        query = select(cls.id).where(cls.follows_id == delivery_id)
        return db.session.scalar(query) is not None

    @staticmethod
    def has_stand_in(delivery_id: ColumnElement[Any] | Any) -> ColumnElement[bool]:
        """Say that another delivery stands in for this one, and may arrive or has."""
        other = aliased(Delivery)
        return exists().where(
            other.follows_id == delivery_id, other.status.in_((*PENDING, *ARRIVING))
        )

    @classmethod
    def of(cls, link: MagicLink, channel: str, note: str) -> Delivery:
        return cls(
            account_id=link.account_id,
            contact_id=link.contact_id,
            link_id=link.id,
            channel=channel,
            kind=link.kind,
            deadline_at=link.expires_at,
            note=note,
            created_at=link.created_at,
            due_at=link.created_at,
        )

    @classmethod
    def find(cls, account_id: int, delivery_id: int) -> Delivery | None:
        return db.session.scalar(
            select(cls)
            .where(cls.account_id == account_id, cls.id == delivery_id)
            .execution_options(populate_existing=True)
        )

    @classmethod
    def cancel(cls, account_id: int, delivery_id: int, why: str) -> bool:
        """Take back what has not gone out. Tell whether it was still there to take."""
        return cls._change(
            (cls.account_id == account_id, cls.id == delivery_id, cls.status == Status.QUEUED),
            status=Status.CANCELLED,
            error=why,
            finished_at=now(),
        )

    @classmethod
    def hurry(cls, account_id: int, delivery_id: int) -> bool:
        """Let what waits go out now, or in its turn. Tell whether it was still waiting."""
        at = literal(now(), UtcDateTime())
        hurried = cls._change(
            (cls.account_id == account_id, cls.id == delivery_id, cls.status == Status.QUEUED),
            due_at=case((cls.slot_at > at, cls.slot_at), else_=at),
            held=False,
        )
        if hurried:
            after_commit(lambda: queue.wake("deliver", delivery_id))
        return hurried

    @classmethod
    def revive(cls, account_id: int, delivery_id: int) -> bool:
        """Queue what has ended without arriving once more, with the same link, while that lives and
        nothing that stands in for it is on its way or has arrived."""
        at = now()
        revived = cls._change(
            (
                cls.account_id == account_id,
                cls.id == delivery_id,
                cls.status.in_((*TROUBLE, Status.CANCELLED)),
                ~cls.has_stand_in(cls.id),
                cls.link_id.in_(
                    select(MagicLink.id).where(
                        MagicLink.expires_at > at,
                        MagicLink.used_at.is_(None),
                        MagicLink.revoked_at.is_(None),
                    )
                ),
            ),
            status=Status.QUEUED,
            due_at=at,
            held=False,
            slot_at=None,
            finished_at=None,
            deadline_at=select(MagicLink.expires_at)
            .where(MagicLink.id == cls.link_id)
            .scalar_subquery(),
        )
        if revived:
            after_commit(lambda: queue.wake("deliver", delivery_id))
        return revived

    @classmethod
    def release(cls, account_id: int, channel: str) -> None:
        """Let what waited for the channel go out now; the sweep wakes the workers."""
        waiting = (
            select(cls.id)
            .where(
                IS_PENDING,
                cls.account_id == account_id,
                cls.channel == channel,
                cls.status == Status.QUEUED,
                cls.held.is_(True),
            )
            .with_for_update(skip_locked=True)
        )
        cls._change((cls.id.in_(waiting),), due_at=now(), held=False)

    @classmethod
    def cancel_pending(cls, contact_id: int, why: str) -> None:
        """Cancel what is still queued for the contact; its link stops an attempt under way."""
        cls._change(
            (cls.contact_id == contact_id, cls.status == Status.QUEUED),
            status=Status.CANCELLED,
            error=why,
            finished_at=now(),
        )

    @classmethod
    def tried_channels(cls, link_id: UUID, contact_id: int) -> set[str]:
        """Return the channels that have had the link."""
        query = select(cls.channel).where(cls.contact_id == contact_id, cls.link_id == link_id)
        return set(db.session.scalars(query))

    @classmethod
    def _change(cls, where: tuple[ColumnElement[bool], ...], **values: Any) -> bool:
        changed = db.session.execute(
            update(cls)
            .where(*where)
            .values(values)
            .returning(cls.id)
            .execution_options(synchronize_session=False)
        )
        return changed.first() is not None

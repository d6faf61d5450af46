"""Delivery: a message owed, and its fate. The deliveries table is the outbox."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    Text,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal import queue
from portal.config import settings
from portal.db import (
    Base,
    Id,
    UtcDateTime,
    after_commit,
    big_id,
    db,
    execute,
    now,
    put,
)
from portal.models.magic_link import MagicLink

BACKOFF = (15, 60, 300, 900, 3600)
"""Seconds to the second, third … attempt; the last one repeats until the deadline."""
JITTER = 0.2


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
_TROUBLE = "status IN ('bounced', 'complained', 'failed', 'expired', 'unknown')"


class Claim(NamedTuple):
    """One attempt that a worker holds until the lease runs out. *attempt* fences its result."""

    delivery_id: int
    attempt: int
    account_id: int
    contact_id: int
    link_id: UUID
    channel: str
    kind: str
    note: str
    deadline_at: datetime
    is_takeover: bool
    """Another worker began an attempt and never wrote its end: the message may have gone out."""


class Delivery(Base):
    """One message to one contact through one channel, committed with what caused it."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index(
            "ix_delivery_due",
            "status",
            "due_at",
            sqlite_where=text("status IN ('queued', 'sending')"),
            postgresql_where=text("status IN ('queued', 'sending')"),
        ),
        Index("ix_delivery_account_id_created_at", "account_id", "created_at", "id"),
        Index(
            "ix_delivery_trouble",
            "account_id",
            "created_at",
            "id",
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
    def queue(cls, link: MagicLink, channel: str, *, note: str = "") -> Delivery:
        """Owe the contact the message that carries *link*; once committed, wake a worker."""
        delivery = cls._of(link, channel, note)
        put(delivery)
        after_commit(lambda: queue.wake("deliver", delivery.id))
        return delivery

    @classmethod
    def queue_claimed(cls, link: MagicLink, channel: str, *, note: str = "") -> Claim:
        """Owe it like `queue`, with the first attempt taken by the worker that is at hand."""
        delivery = cls._of(link, channel, note)
        delivery.status, delivery.attempts = Status.SENDING, 1
        delivery.lease_until = link.created_at + timedelta(seconds=settings().lease)
        put(delivery)
        return Claim(
            delivery_id=delivery.id,
            attempt=1,
            account_id=link.account_id,
            contact_id=link.contact_id,
            link_id=link.id,
            channel=channel,
            kind=link.kind,
            note=note,
            deadline_at=link.expires_at,
            is_takeover=False,
        )

    @classmethod
    def _of(cls, link: MagicLink, channel: str, note: str) -> Delivery:
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
    def claim(cls, delivery_id: int) -> Claim | None:
        """Take one attempt, unless another worker holds it or it is not due."""
        at = now()
        lease_until = at + timedelta(seconds=settings().lease)
        claimed = {"claimed": delivery_id, "at": at, "until": lease_until}
        for is_takeover, statement in ((False, _CLAIM_DUE), (True, _CLAIM_STALLED)):
            row = execute(statement, claimed).first()
            if row:
                return Claim._make((*row, is_takeover))
        return None

    @classmethod
    def finish(
        cls,
        claim: Claim,
        status: Status,
        *,
        error: str = "",
        reply: str = "",
        provider_id: str = "",
    ) -> bool:
        """Write the attempt's end, unless a later attempt has begun meanwhile."""
        return cls._close(
            claim,
            {
                "status": status,
                "error": error,
                "reply": reply,
                "provider_id": provider_id,
                "finished_at": now(),
                "lease_until": None,
            },
        )

    @classmethod
    def put_back(cls, claim: Claim, *, error: str, reply: str = "") -> datetime | None:
        """Try again later, with growing pauses; return when, or None if that is past the deadline
        or a later attempt has begun."""
        due_at = now() + pause_after(claim.attempt)
        if due_at >= claim.deadline_at:
            return None
        back = cls._close(
            claim,
            {
                "status": Status.QUEUED,
                "due_at": due_at,
                "lease_until": None,
                "error": error,
                "reply": reply,
            },
        )
        return due_at if back else None

    @classmethod
    def _close(cls, claim: Claim, values: dict[str, object]) -> bool:
        of_claim = {"of_delivery": claim.delivery_id, "of_attempt": claim.attempt}
        return execute(_CLOSE, {**of_claim, **values}).first() is not None

    @classmethod
    def cancel_pending(cls, contact_id: int, why: str) -> None:
        """Cancel what is still queued for the contact; its link stops an attempt under way."""
        db.session.execute(
            update(cls)
            .where(cls.contact_id == contact_id, cls.status == Status.QUEUED)
            .values(status=Status.CANCELLED, error=why, finished_at=now())
            .execution_options(synchronize_session=False)
        )

    @classmethod
    def overdue(cls, *, by: timedelta, limit: int) -> list[int]:
        """Return the deliveries that nobody has taken up: due for *by*, or their lease ran out."""
        at = now()
        queued = select(cls.id).where(cls.status == Status.QUEUED, cls.due_at <= at - by)
        stalled = select(cls.id).where(cls.status == Status.SENDING, cls.lease_until <= at)
        found = [*db.session.scalars(stalled.limit(limit))]
        found += db.session.scalars(queued.order_by(cls.due_at).limit(limit))
        return found


def pause_after(attempt: int) -> timedelta:
    """Return the pause after the *attempt*th attempt (from 1), ±20 % so that crowds spread out."""
    seconds = BACKOFF[min(attempt, len(BACKOFF)) - 1]
    return timedelta(seconds=seconds * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311


_AT = bindparam("at", type_=UtcDateTime())
_CLAIM = (
    update(Delivery)
    .where(Delivery.id == bindparam("claimed", type_=big_id))
    .values(
        status=Status.SENDING,
        attempts=Delivery.attempts + 1,
        lease_until=bindparam("until", type_=UtcDateTime()),
    )
    .returning(
        Delivery.id,
        Delivery.attempts,
        Delivery.account_id,
        Delivery.contact_id,
        Delivery.link_id,
        Delivery.channel,
        Delivery.kind,
        Delivery.note,
        Delivery.deadline_at,
    )
)
_CLAIM_DUE = _CLAIM.where(Delivery.status == Status.QUEUED, Delivery.due_at <= _AT)
_CLAIM_STALLED = _CLAIM.where(Delivery.status == Status.SENDING, Delivery.lease_until <= _AT)
_CLOSE = (
    update(Delivery)
    .where(
        Delivery.id == bindparam("of_delivery", type_=big_id),
        Delivery.attempts == bindparam("of_attempt", type_=big_id),
        Delivery.status == Status.SENDING,
    )
    .returning(Delivery.id)
)

"""ClientView: a staff member looks at a portal as one client sees it, for a quarter of an hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.config import settings
from portal.db import Base, Id, UtcDateTime, db, execute, first, now
from portal.models.account import Account
from portal.models.client_session import OF_ACCOUNT, Visit
from portal.models.contact import Contact
from portal.models.event import Event
from portal.models.portal_access import LETS_IN, PortalAccess
from portal.models.staff import Staff
from portal.models.staff_role import StaffRole
from portal.models.staff_session import StaffSession

LIFE = timedelta(minutes=15)
SHOWN = 20
"""So many of the latest looks stand on "Your access"."""
_VIEWED = text("kind = 'viewed'")

Index(
    "ix_event_viewed",
    Event.contact_id,
    Event.at,
    Event.id,
    sqlite_where=_VIEWED,
    postgresql_where=_VIEWED,
)


class Viewing(NamedTuple):
    """A view that is under way: what the client's pages see, and what the banner says."""

    visit: Visit
    contact_id: int
    called: str
    expires_at: datetime

    @property
    def until(self) -> str:
        """The time of day at which it ends, in the account's zone."""
        return f"{self.expires_at.astimezone(ZoneInfo(self.visit.time_zone)):%H:%M}"


class Looked(NamedTuple):
    """Somebody of the account looked at the portal as the client sees it."""

    at: datetime
    by: str
    reason: str


class ClientView(Base):
    """Ends with the staff session it belongs to. The cookie's secret is not here, only its digest.

    It is no session of the client: nothing that signs them in or out knows of it.
    """

    __tablename__ = "client_view"
    __table_args__ = (
        Index("ix_client_view_staff_session_id", "staff_session_id"),
        Index("ix_client_view_contact_id", "contact_id"),
        Index("ix_client_view_expires_at", "expires_at"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id", ondelete="CASCADE"))
    staff_session_id: Mapped[int] = mapped_column(
        ForeignKey("staff_session.id", ondelete="CASCADE")
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, repr=False)
    expires_at: Mapped[datetime]

    @classmethod
    def open(cls, contact: Contact, session_id: int, digest: bytes) -> None:
        """Begin a view for LIFE; the one that this staff session had before ends."""
        execute(delete(cls).where(cls.staff_session_id == session_id))
        db.session.add(
            cls(
                account_id=contact.account_id,
                contact_id=contact.id,
                staff_session_id=session_id,
                digest=digest,
                expires_at=now() + LIFE,
            )
        )
        db.session.flush()

    @classmethod
    def under_way(cls, digest: bytes, staff_digest: bytes) -> Viewing | None:
        """Return the view of *digest*, if the staff session of *staff_digest* began it and both
        are alive, its owner still works for the account and the client may still enter."""
        at = now()
        idle_since = at - timedelta(seconds=settings().staff_idle)
        row = first(
            _UNDER_WAY,
            {"digest": digest, "staff": staff_digest, "at": at, "idle_since": idle_since},
        )
        if row is None:
            return None
        expires_at, contact_id, *fields = tuple[Any, ...](row)
        visit = Visit(*fields)
        return Viewing(visit, contact_id, visit.contact_name or visit.email or "", expires_at)

    @classmethod
    def end(cls, account_id: int, session_id: int) -> int | None:
        """End the view that this staff session has of the account's client; return whose it was."""
        rows = execute(
            delete(cls)
            .where(cls.staff_session_id == session_id, cls.account_id == account_id)
            .returning(cls.contact_id)
        ).all()
        return rows[0][0] if rows else None

    @classmethod
    def forget_ended(cls) -> None:
        execute(delete(cls).where(cls.expires_at < now()))


def looks_at(contact_id: int) -> list[Looked]:
    """Return who looked at the portal as this contact sees it, latest first."""
    rows = db.session.execute(
        select(Event.at, func.coalesce(func.nullif(Staff.name, ""), Staff.email), Event.detail)
        .outerjoin(Staff, Staff.id == Event.staff_id)
        .where(_VIEWED, Event.contact_id == contact_id)
        .order_by(Event.at.desc(), Event.id.desc())
        .limit(SHOWN)
    )
    return [Looked(at, by or "", detail.get("reason", "")) for at, by, detail in rows]


_AT = bindparam("at", type_=UtcDateTime())
_UNDER_WAY = (
    select(
        ClientView.expires_at,
        ClientView.contact_id,
        *OF_ACCOUNT,
        db.literal(None).label("session_id"),
        Contact.id,
        Contact.name,
        Contact.email,
        Contact.external_id,
        db.literal(None).label("last_seen_at"),
        PortalAccess.ends_at,
        db.literal(None).label("since"),
        true().label("is_view"),
    )
    .join(
        StaffSession,
        and_(
            StaffSession.id == ClientView.staff_session_id,
            StaffSession.digest == bindparam("staff", type_=LargeBinary()),
            StaffSession.expires_at > _AT,
            StaffSession.last_seen_at > bindparam("idle_since", type_=UtcDateTime()),
        ),
    )
    .join(
        StaffRole,
        and_(
            StaffRole.staff_id == StaffSession.staff_id,
            StaffRole.account_id == ClientView.account_id,
        ),
    )
    .join(Account, Account.id == ClientView.account_id)
    .join(Contact, Contact.id == ClientView.contact_id)
    .join(
        PortalAccess,
        and_(
            PortalAccess.contact_id == ClientView.contact_id,
            LETS_IN,
            or_(PortalAccess.ends_at.is_(None), PortalAccess.ends_at > _AT),
        ),
    )
    .where(
        ClientView.digest == bindparam("digest", type_=LargeBinary()),
        ClientView.expires_at > _AT,
    )
)

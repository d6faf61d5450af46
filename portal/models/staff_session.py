"""StaffSession: a signed-in browser of a staff member."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ForeignKey, LargeBinary, String, and_, bindparam, delete, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from portal.config import settings
from portal.db import Base, Id, UtcDateTime, db, execute, now
from portal.models.account import Account
from portal.models.staff import Staff
from portal.models.staff_role import StaffRole

TOUCH_EVERY = timedelta(minutes=5)
CONFIRMED_FOR = timedelta(minutes=10)
"""So long after they proved who they are, people may change how they sign in."""


class AtWork(NamedTuple):
    """Who is signed in and, on pages of an account, in which account and role."""

    session_id: int
    last_seen_at: datetime
    staff: Staff
    account: Account | None
    role: str | None
    confirmed_at: datetime | None

    @property
    def is_confirmed(self) -> bool:
        """Whether this person proved a moment ago, in this browser, that it is them."""
        return self.confirmed_at is not None and self.confirmed_at > now() - CONFIRMED_FOR


class SignedInDesk(NamedTuple):
    """One browser in which a staff member is signed in."""

    id: int
    browser: str
    via: str
    since: datetime
    last_seen: datetime


class StaffSession(Base):
    """One browser of one staff member. Only the cookie's digest is stored."""

    __tablename__ = "staff_session"

    id: Mapped[Id] = mapped_column(init=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, repr=False)
    via: Mapped[str] = mapped_column(String(8))
    browser: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    last_seen_at: Mapped[datetime] = mapped_column(default_factory=now)
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None] = mapped_column(default_factory=now)

    @classmethod
    def at_work(cls, digest: bytes, slug: str) -> AtWork | None:
        """Return who holds *digest* and their seat in the account at *slug*, in one statement."""
        at = now()
        row = db.session.execute(
            _AT_WORK,
            {
                "digest": digest,
                "slug": slug,
                "at": at,
                "idle_since": at - timedelta(seconds=settings().staff_idle),
            },
        ).first()
        return AtWork(*row) if row else None

    @classmethod
    def open(cls, staff_id: int, digest: bytes, *, via: str, browser: str) -> None:
        db.session.add(
            cls(
                staff_id=staff_id,
                digest=digest,
                via=via,
                browser=browser,
                expires_at=now() + timedelta(seconds=settings().staff_session),
            )
        )
        execute(update(Staff).where(Staff.id == staff_id).values(last_seen_at=now()))
        db.session.flush()

    @staticmethod
    def touch(connection: Connection, session_ids: list[int]) -> None:
        """Note that browsers are in use, and with them the people: sessions end, people stay."""
        used, at = update(StaffSession), now()
        for session_id in sorted(set(session_ids)):
            touched = used.where(StaffSession.id == session_id).values(last_seen_at=at)
            staff_id = connection.scalar(touched.returning(StaffSession.staff_id))
            connection.execute(update(Staff).where(Staff.id == staff_id).values(last_seen_at=at))

    @classmethod
    def end(cls, digest: bytes) -> tuple[int, str] | None:
        """End the session; return whose it was and in which browser."""
        row = db.session.execute(
            delete(cls)
            .where(cls.digest == digest)
            .returning(cls.staff_id, cls.browser)
            .execution_options(synchronize_session=False)
        ).first()
        return (row[0], row[1]) if row else None

    @classmethod
    def of_staff(cls, staff_id: int) -> list[SignedInDesk]:
        """Return the browsers in which this person is signed in, latest first."""
        at = now()
        rows = db.session.execute(
            select(cls.id, cls.browser, cls.via, cls.created_at, cls.last_seen_at)
            .where(
                cls.staff_id == staff_id,
                cls.expires_at > at,
                cls.last_seen_at > at - timedelta(seconds=settings().staff_idle),
            )
            .order_by(cls.last_seen_at.desc(), cls.id.desc())
            .limit(100)
        )
        return [SignedInDesk(*row) for row in rows]

    @classmethod
    def end_own(cls, staff_id: int, session_id: int) -> str | None:
        """End one of this person's own browsers; return which, or None if it is not theirs."""
        row = execute(
            delete(cls).where(cls.id == session_id, cls.staff_id == staff_id).returning(cls.browser)
        ).first()
        return row[0] if row else None

    @classmethod
    def confirm(cls, session_id: int) -> None:
        """Note that this person has just proved that it is them."""
        execute(update(cls).where(cls.id == session_id).values(confirmed_at=now()))

    @classmethod
    def end_all(cls, staff_id: int) -> int:
        return execute(delete(cls).where(cls.staff_id == staff_id)).rowcount

    @classmethod
    def end_others(cls, staff_id: int, session_id: int) -> int:
        """End every other browser of this person, as after a new password; return how many."""
        others = delete(cls).where(cls.staff_id == staff_id, cls.id != session_id)
        return execute(others).rowcount


_AT_WORK = (
    select(
        StaffSession.id,
        StaffSession.last_seen_at,
        Staff,
        Account,
        StaffRole.role,
        StaffSession.confirmed_at,
    )
    .join(Staff, Staff.id == StaffSession.staff_id)
    .outerjoin(Account, Account.slug == bindparam("slug", type_=String()))
    .outerjoin(
        StaffRole,
        and_(StaffRole.staff_id == Staff.id, StaffRole.account_id == Account.id),
    )
    .where(
        StaffSession.digest == bindparam("digest", type_=LargeBinary()),
        StaffSession.expires_at > bindparam("at", type_=UtcDateTime()),
        StaffSession.last_seen_at > bindparam("idle_since", type_=UtcDateTime()),
    )
)

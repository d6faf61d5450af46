"""StaffHalfSignIn: somebody whose password or link was right, and whose second factor is owed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ForeignKey, LargeBinary, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from portal import tokens
from portal.db import Base, Id, db, execute, now
from portal.models.staff import Staff

LIFE = timedelta(minutes=5)


class Half(NamedTuple):
    """Who is half signed in, and by what."""

    staff_id: int
    via: str
    called: str


class StaffHalfSignIn(Base):
    """One browser between the two steps. It opens no page; only the cookie's digest is stored."""

    __tablename__ = "staff_half_sign_in"

    id: Mapped[Id] = mapped_column(init=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, repr=False)
    via: Mapped[str] = mapped_column(String(8))
    expires_at: Mapped[datetime] = mapped_column(index=True)

    @classmethod
    def begin(cls, staff_id: int, via: str) -> str:
        """Return the secret of a new one."""
        secret = tokens.new_secret()
        digest = tokens.digest(secret)
        db.session.add(cls(staff_id=staff_id, digest=digest, via=via, expires_at=now() + LIFE))
        db.session.flush()
        return secret

    @classmethod
    def look(cls, secret: str) -> Half | None:
        """Return who is half signed in by *secret*, as long as that counts."""
        row = db.session.execute(
            select(cls.staff_id, cls.via, Staff.name, Staff.email)
            .join(Staff, Staff.id == cls.staff_id)
            .where(cls.digest == tokens.digest(secret), cls.expires_at > now())
        ).first()
        return Half(row.staff_id, row.via, row.name or row.email) if row else None

    @classmethod
    def end(cls, secret: str) -> bool:
        """Take it away; of several who finish it at once, one is told so."""
        mine = delete(cls).where(cls.digest == tokens.digest(secret), cls.expires_at > now())
        return execute(mine).rowcount == 1

    @classmethod
    def end_all(cls, staff_id: int) -> None:
        execute(delete(cls).where(cls.staff_id == staff_id))

    @classmethod
    def forget_ended(cls) -> None:
        execute(delete(cls).where(cls.expires_at <= now()))

"""StaffLink: a one-time sign-in URL for staff, made on the command line."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ForeignKey, LargeBinary, false, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import tokens
from portal.db import Base, Id, db, now
from portal.models.staff import Staff

LIFE = timedelta(hours=1)


class StaffLook(NamedTuple):
    """What a staff link is, without touching it."""

    name: str
    expires_at: datetime
    used_at: datetime | None

    def state(self, at: datetime) -> str:
        if self.used_at is not None:
            return "used"
        return "expired" if self.expires_at <= at else "ready"


class StaffLink(Base):
    """A one-time way in for first entry and lock-outs. Only its digest is stored."""

    __tablename__ = "staff_link"

    id: Mapped[Id] = mapped_column(init=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    token_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, repr=False)
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    skips_second: Mapped[bool] = mapped_column(default=False, server_default=false())
    """For whoever has lost their second factor: it is not asked for."""

    @classmethod
    def issue(cls, staff: Staff, *, skips_second: bool = False) -> str:
        """Add a link and return its token, which is nowhere else."""
        token = tokens.new_secret()
        db.session.add(
            cls(
                staff_id=staff.id,
                token_digest=tokens.digest(token),
                expires_at=now() + LIFE,
                skips_second=skips_second,
            )
        )
        db.session.flush()
        return token

    @classmethod
    def look(cls, token: str) -> StaffLook | None:
        row = db.session.execute(
            select(Staff.name, cls.expires_at, cls.used_at)
            .join(Staff, Staff.id == cls.staff_id)
            .where(cls.token_digest == tokens.digest(token))
        ).first()
        return StaffLook(*row) if row else None

    @classmethod
    def redeem(cls, token: str) -> tuple[int, bool] | None:
        """Use the link up, once; return whose it was, and whether it is enough by itself."""
        at = now()
        row = db.session.execute(
            update(cls)
            .where(
                cls.token_digest == tokens.digest(token),
                cls.used_at.is_(None),
                cls.expires_at > at,
            )
            .values(used_at=at)
            .returning(cls.staff_id, cls.skips_second)
            .execution_options(synchronize_session=False)
        ).first()
        return (row[0], row[1]) if row else None

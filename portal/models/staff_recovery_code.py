"""StaffRecoveryCode: one of ten codes that a staff member has put away for a bad day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    LargeBinary,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal import recovery_codes, tokens
from portal.db import Base, Id, db, execute, now


class StaffRecoveryCode(Base):
    """Works once. Only its digest is stored: its 80 bits are random."""

    __tablename__ = "staff_recovery_code"
    __table_args__ = (UniqueConstraint("staff_id", "digest"),)

    id: Mapped[Id] = mapped_column(init=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), repr=False)
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    used_at: Mapped[datetime | None] = mapped_column(default=None)

    @classmethod
    def replace(cls, staff_id: int, shown: Sequence[str]) -> None:
        """Let *shown* be this person's codes, and no others."""
        cls.remove_all(staff_id)
        at = now()
        execute(
            insert(cls),
            [
                {"staff_id": staff_id, "digest": _digest(staff_id, code), "created_at": at}
                for code in map(recovery_codes.read, shown)
            ],
        )

    @classmethod
    def use(cls, staff_id: int, typed: str) -> bool:
        """Use the code up; of several who type it at once, one gets in."""
        code = recovery_codes.read(typed)
        mine = (cls.staff_id == staff_id, cls.digest == _digest(staff_id, code))
        used = update(cls).where(*mine, cls.used_at.is_(None)).values(used_at=now())
        return bool(code) and execute(used).rowcount == 1

    @classmethod
    def left(cls, staff_id: int) -> int:
        query = select(func.count()).where(cls.staff_id == staff_id, cls.used_at.is_(None))
        return db.session.scalar(query) or 0

    @classmethod
    def remove_all(cls, staff_id: int) -> None:
        execute(delete(cls).where(cls.staff_id == staff_id))


def _digest(staff_id: int, code: str) -> bytes:
    return tokens.digest(f"recovery {staff_id} {code}")

"""StaffRole: what a person may do in one account."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db
from portal.models.account import Account


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    SUPPORT = "support"


class Seat(NamedTuple):
    """An account that someone works for."""

    name: str
    slug: str
    role: str


class StaffRole(Base):
    """The one role of a person in an account."""

    __tablename__ = "staff_role"

    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    role: Mapped[str] = mapped_column(String(8))

    @classmethod
    def seats(cls, staff_id: int) -> list[Seat]:
        """Return the accounts of *staff_id*, by name."""
        rows = db.session.execute(
            select(Account.name, Account.slug, cls.role)
            .join(Account, Account.id == cls.account_id)
            .where(cls.staff_id == staff_id)
            .order_by(Account.name, Account.id)
        )
        return [Seat(*row) for row in rows]

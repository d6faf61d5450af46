"""StaffRole: what a person may do in one account."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, String, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, aliased, mapped_column

from portal.db import Base, db, execute
from portal.languages import mark
from portal.models.account import Account
from portal.models.staff import Staff


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    SUPPORT = "support"


ON_PAGES = (mark("Owner"), mark("Admin"), mark("Support"))
"""What pages call the roles: each with a capital, in the language of the page."""


class Seat(NamedTuple):
    """An account that someone works for."""

    name: str
    slug: str
    role: str


class Member(NamedTuple):
    """One of the people of an account."""

    id: int
    name: str
    email: str
    role: str
    last_seen_at: datetime | None

    @property
    def called(self) -> str:
        return self.name or self.email


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

    @classmethod
    def team(cls, account_id: int, *, staff_id: int | None = None) -> list[Member]:
        """Return the people of the account, or the one, by name."""
        query = (
            select(Staff.id, Staff.name, Staff.email, cls.role, Staff.last_seen_at)
            .join(Staff, Staff.id == cls.staff_id)
            .where(cls.account_id == account_id)
            .order_by(Staff.name, Staff.email_norm)
        )
        if staff_id is not None:
            query = query.where(cls.staff_id == staff_id)
        return [Member(*row) for row in db.session.execute(query)]

    @classmethod
    def hold(cls, account_id: int) -> dict[int, str]:
        """Keep others from changing the team until this transaction ends; return each one's role.

        All are locked in one order, so that two who change each other do not wait for each other.
        """
        query = select(cls.staff_id, cls.role).where(cls.account_id == account_id)
        rows = db.session.execute(query.order_by(cls.staff_id).with_for_update())
        return {row[0]: row[1] for row in rows}

    @classmethod
    def seat(cls, staff_id: int, account_id: int, role: str) -> None:
        """Give somebody the role, unless they have one in the account already."""
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        added = dialect.insert(cls).values(staff_id=staff_id, account_id=account_id, role=role)
        db.session.execute(added.on_conflict_do_nothing())

    @classmethod
    def change(cls, staff_id: int, account_id: int, role: str) -> bool:
        """Set the role; tell whether that could be done: the last owner stays one."""
        changed = update(cls).where(*cls._dispensable(staff_id, account_id, role))
        return execute(changed.values(role=role)).rowcount == 1

    @classmethod
    def remove(cls, staff_id: int, account_id: int) -> bool:
        """Take the seat away, and with it every page of the account; the last owner's stays."""
        gone = delete(cls).where(*cls._dispensable(staff_id, account_id))
        return execute(gone).rowcount == 1

    @classmethod
    def _dispensable(
        cls, staff_id: int, account_id: int, role: str = ""
    ) -> tuple[ColumnElement[bool], ...]:
        """The seat, if the account has an owner without it; decided by the statement itself."""
        mine = (cls.staff_id == staff_id, cls.account_id == account_id)
        if role == Role.OWNER:
            return mine
        other = aliased(cls)
        another_owner = exists().where(
            other.account_id == account_id, other.role == Role.OWNER, other.staff_id != staff_id
        )
        return (*mine, or_(cls.role != Role.OWNER, another_owner))

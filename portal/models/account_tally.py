"""AccountTally and SignInDay: the overview's numbers, kept by triggers, so nothing is scanned."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import Date, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db


class Tally(NamedTuple):
    """How many contacts are invited and not yet in, have joined, or could not be reached; and of
    the invited, how many have opened their link, and how many could not be reached."""

    invited: int = 0
    joined: int = 0
    undelivered: int = 0
    opened: int = 0
    unreached: int = 0


class AccountTally(Base):
    """One row for each account. Triggers on portal_access (see migrations) keep it exact."""

    __tablename__ = "account_tally"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    invited: Mapped[int] = mapped_column(default=0)
    joined: Mapped[int] = mapped_column(default=0)
    undelivered: Mapped[int] = mapped_column(default=0)
    opened: Mapped[int] = mapped_column(server_default="0", init=False)
    unreached: Mapped[int] = mapped_column(server_default="0", init=False)

    @classmethod
    def of(cls, account_id: int) -> Tally:
        row = db.session.execute(
            select(*(getattr(cls, name) for name in Tally._fields)).where(
                cls.account_id == account_id
            )
        ).first()
        return Tally(*row) if row else Tally()


class SignInDay(Base):
    """Sign-ins of one account on one day of its own calendar, kept by a trigger."""

    __tablename__ = "sign_in_day"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    count: Mapped[int] = mapped_column(default=0)

    @classmethod
    def last(cls, account_id: int, days: int, *, today: date) -> list[tuple[date, int]]:
        """Return (day, sign-ins) for the last *days* days, oldest first, quiet days included."""
        first = today - timedelta(days=days - 1)
        rows = db.session.execute(
            select(cls.day, cls.count).where(cls.account_id == account_id, cls.day >= first)
        )
        found = dict(rows.all())
        every = (first + timedelta(days=n) for n in range(days))
        return [(day, found.get(day, 0)) for day in every]

"""RateCount: how often something was done in a window of time, counted in the database."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import LargeBinary, delete, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from portal import tokens
from portal.db import Base, UtcDateTime, db, now


class RateCount(Base):
    """One counter. Its name is hashed: addresses of strangers are not kept."""

    __tablename__ = "rate_count"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    count: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(index=True)

    @classmethod
    def hit(
        cls,
        name: str,
        window: timedelta,
        amount: int = 1,
        *,
        on: Connection | None = None,
    ) -> tuple[int, datetime]:
        """Count once more and return the new count and when it starts anew.

        One statement, so that two at the same time are counted twice. *on* is for a page that
        itself only reads.
        """
        at = now()
        anew = literal(at + window, UtcDateTime())
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        over = cls.ends_at <= at
        row = (
            (on or db.session)
            .execute(
                dialect.insert(cls)
                .values(key=tokens.digest(name), count=amount, ends_at=at + window)
                .on_conflict_do_update(
                    index_elements=["key"],
                    set_={
                        "count": db.case((over, amount), else_=cls.count + amount),
                        "ends_at": db.case((over, anew), else_=cls.ends_at),
                    },
                )
                .returning(cls.count, cls.ends_at)
            )
            .one()
        )
        return row[0], row[1]

    @classmethod
    def allows(cls, name: str, limit: int, window: timedelta) -> bool:
        """Count once more and tell whether that is still within *limit*."""
        return cls.hit(name, window)[0] <= limit

    @classmethod
    def read(cls, name: str) -> tuple[int, datetime | None]:
        row = db.session.execute(
            select(cls.count, cls.ends_at).where(
                cls.key == tokens.digest(name), cls.ends_at > now()
            )
        ).first()
        return (row[0], row[1]) if row else (0, None)

    @classmethod
    def clear(cls, name: str) -> None:
        db.session.execute(delete(cls).where(cls.key == tokens.digest(name)))

    @classmethod
    def forget_ended(cls) -> None:
        db.session.execute(
            delete(cls).where(cls.ends_at <= now()).execution_options(synchronize_session=False)
        )

"""SupportCode: what a client reads out to support, and whose page it stood on, for a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from portal import support_codes, tokens
from portal.db import Base, Id, db, now

SHOWN_AGAIN = timedelta(hours=1)
"""A page that is loaded again within this time shows the code that it showed before."""
TRIES = 5


class OnPage(NamedTuple):
    """The page that a code stands on. *event_id* is its line on the contact's timeline; of a
    sign-in that cannot go on only the browser's flow is known, and nobody is looked up."""

    account_id: int
    page: str
    browser: str
    contact_id: int | None = None
    event_id: int | None = None
    flow_digest: bytes | None = None


class SupportCode(Base):
    """One code, of one account. It opens nothing by itself: staff who are signed in to the account
    get to a timeline by it that they may see anyway."""

    __tablename__ = "support_code"
    __table_args__ = (
        UniqueConstraint("account_id", "code"),
        Index("ix_support_code_contact_id", "contact_id"),
    )

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), default=None
    )
    event_id: Mapped[int | None] = mapped_column(default=None)
    flow_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), default=None, repr=False)
    subject: Mapped[bytes] = mapped_column(LargeBinary(32), index=True, repr=False)
    """Tells the page from others, so that it shows one code when it is loaded again."""
    code: Mapped[str] = mapped_column(String(6))
    page: Mapped[str] = mapped_column(String(20))
    browser: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    expires_at: Mapped[datetime] = mapped_column(index=True)

    @classmethod
    def again(cls, connection: Connection, account_id: int, subject: str) -> str:
        """Return the code that the page of *subject* showed a moment ago, or ''."""
        query = select(cls.code).where(
            cls.subject == tokens.digest(subject),
            cls.account_id == account_id,
            cls.created_at > now() - SHOWN_AGAIN,
        )
        return connection.scalar(query.order_by(cls.created_at.desc()).limit(1)) or ""

    @classmethod
    def give(cls, connection: Connection, subject: str, on: OnPage) -> str:
        """Return a new code for the page of *subject*, one that no other page of the account has;
        '' when chance offers only those."""
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        at = now()
        values: dict[str, Any] = {
            **on._asdict(),
            "subject": tokens.digest(subject),
            "created_at": at,
            "expires_at": at + support_codes.LIFE,
        }
        for _try in range(TRIES):
            added = dialect.insert(cls).values(**values, code=support_codes.new())
            free = added.on_conflict_do_nothing(index_elements=["account_id", "code"])
            code = connection.scalar(free.returning(cls.code))
            if code:
                return str(code)
        return ""

    @classmethod
    def find(cls, account_id: int, code: str) -> OnPage | None:
        """Return the page of the account that *code* stood on within its life."""
        row = db.session.execute(
            select(
                cls.account_id,
                cls.page,
                cls.browser,
                cls.contact_id,
                cls.event_id,
                cls.flow_digest,
            ).where(cls.account_id == account_id, cls.code == code, cls.expires_at > now())
        ).first()
        return OnPage(*row) if row else None

    @classmethod
    def forget_ended(cls) -> None:
        db.session.execute(
            delete(cls).where(cls.expires_at <= now()).execution_options(synchronize_session=False)
        )

"""StaffInvitation: somebody is asked to join the staff of an account, by a link that works once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal import tokens
from portal.db import Base, Id, db, execute, now
from portal.models.account import Account
from portal.models.address import cleaned_email, normalise_email

LIFE = timedelta(days=3)


class InvitationLook(NamedTuple):
    """What an invitation says, without touching it."""

    id: int
    account_id: int
    account_name: str
    slug: str
    email: str
    name: str
    role: str
    choices: dict[str, Any]

    @property
    def asks_second(self) -> bool:
        """Whether the account asks its staff for a second factor."""
        return bool(self.choices.get("second_factor_from"))


class StaffInvitation(Base):
    """One open invitation for each address and account. Only the link's digest is stored.

    It opens no door of somebody who is on a staff already: whoever was shown the link would be
    them, in all their accounts.
    """

    __tablename__ = "staff_invitation"
    __table_args__ = (UniqueConstraint("account_id", "email_norm"),)

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    email_norm: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200), default="")
    role: Mapped[str] = mapped_column(String(8))
    token_digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, repr=False)
    invited_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), default=None
    )
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    expires_at: Mapped[datetime]

    @classmethod
    def issue(cls, account_id: int, email: str, role: str, *, name: str, by: int) -> str:
        """Ask *email* to join; return the link's token, which is nowhere else. Asking again makes
        a new link, and the one before is void. Raises AddressError."""
        token, at = tokens.new_secret(), now()
        norm = normalise_email(email)
        asked = {
            "email": cleaned_email(email),
            "name": name,
            "role": role,
            "token_digest": tokens.digest(token),
            "invited_by": by,
            "created_at": at,
            "expires_at": at + LIFE,
        }
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        added = dialect.insert(cls).values(account_id=account_id, email_norm=norm, **asked)
        keys = ["account_id", "email_norm"]
        db.session.execute(added.on_conflict_do_update(index_elements=keys, set_=asked))
        return token

    @classmethod
    def of_account(cls, account_id: int) -> list[StaffInvitation]:
        """Return who was asked and has not joined, the latest first."""
        query = select(cls).where(cls.account_id == account_id, cls.expires_at > now())
        newest = query.order_by(cls.created_at.desc(), cls.id.desc()).limit(200)
        return list(db.session.scalars(newest.execution_options(populate_existing=True)))

    @classmethod
    def find(cls, account_id: int, invitation_id: int) -> StaffInvitation | None:
        query = select(cls).where(cls.account_id == account_id, cls.id == invitation_id)
        return db.session.scalar(query)

    @classmethod
    def look(cls, token: str) -> InvitationLook | None:
        """Return what the link of *token* invites to while it works, else None."""
        row = db.session.execute(
            select(
                cls.id,
                Account.id,
                Account.name,
                Account.slug,
                cls.email,
                cls.name,
                cls.role,
                Account.choices,
            )
            .join(Account, Account.id == cls.account_id)
            .where(cls.token_digest == tokens.digest(token), cls.expires_at > now())
        ).first()
        return InvitationLook(*row) if row else None

    @classmethod
    def take(cls, token: str) -> bool:
        """Use the link up; among several who press, one gets it."""
        used = delete(cls).where(cls.token_digest == tokens.digest(token), cls.expires_at > now())
        return execute(used).rowcount == 1

    @classmethod
    def withdraw(cls, account_id: int, invitation_id: int) -> bool:
        gone = delete(cls).where(cls.account_id == account_id, cls.id == invitation_id)
        return execute(gone).rowcount == 1

    @classmethod
    def withdraw_those_by(cls, account_id: int, staff_id: int) -> None:
        """Withdraw whom somebody invited who may not any more: they could have invited themselves
        under another address."""
        execute(delete(cls).where(cls.account_id == account_id, cls.invited_by == staff_id))

"""SignInRequest: an address that asked for a link, written down before anyone looks who it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ForeignKey, LargeBinary, String, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from portal import queue
from portal.db import Base, Id, after_commit, big_id, db, execute, now, put


class Asked(NamedTuple):
    """What the asking browser typed, and where it asked."""

    account_id: int
    email_norm: str
    flow_digest: bytes
    target: str
    browser: str
    request_id: str


class SignInRequest(Base):
    """Known and unknown addresses are the same row, so no answer and no timing tells them apart.

    A worker takes the row out in the transaction that issues the link; nothing remains of
    addresses that nobody knows.
    """

    __tablename__ = "sign_in_request"

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    email_norm: Mapped[str] = mapped_column(String(254))
    flow_digest: Mapped[bytes] = mapped_column(LargeBinary(32), repr=False)
    target: Mapped[str] = mapped_column(String(60), default="")
    browser: Mapped[str] = mapped_column(String(60), default="")
    request_id: Mapped[str] = mapped_column(String(32), default="")
    created_at: Mapped[datetime] = mapped_column(default_factory=now, index=True)

    @classmethod
    def add(cls, asked: Asked) -> None:
        request = cls(**asked._asdict())
        put(request)
        after_commit(lambda: queue.wake("answer", request.id))

    @classmethod
    def take(cls, request_id: int) -> Asked | None:
        """Take the request out; among several workers one gets it."""
        row = execute(_TAKE, {"taken": request_id}).first()
        return Asked._make(row) if row else None

    @classmethod
    def overdue(cls, *, by: timedelta, limit: int) -> list[int]:
        return list(
            db.session.scalars(
                select(cls.id)
                .where(cls.created_at <= now() - by)
                .order_by(cls.created_at)
                .limit(limit)
            )
        )


_TAKE = (
    delete(SignInRequest)
    .where(SignInRequest.id == bindparam("taken", type_=big_id))
    .returning(
        SignInRequest.account_id,
        SignInRequest.email_norm,
        SignInRequest.flow_digest,
        SignInRequest.target,
        SignInRequest.browser,
        SignInRequest.request_id,
    )
)

"""StaffChallenge: random bytes that a passkey is asked to sign, once and within five minutes."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, LargeBinary, String, delete
from sqlalchemy.orm import Mapped, mapped_column

from portal import tokens
from portal.db import Base, Id, db, execute, now

LIFE = timedelta(minutes=5)


class StaffChallenge(Base):
    """Bound to the browser whose cookie has `digest`, to a purpose and, where it is known who is
    asked, to a person. `staff_id` is None while somebody signs in by a passkey alone."""

    __tablename__ = "staff_challenge"

    id: Mapped[Id] = mapped_column(init=False)
    staff_id: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), index=True
    )
    purpose: Mapped[str] = mapped_column(String(8))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), repr=False)
    challenge: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, repr=False)
    expires_at: Mapped[datetime] = mapped_column(index=True)

    @classmethod
    def issue(cls, purpose: str, browser: str, staff_id: int | None) -> bytes:
        challenge = secrets.token_bytes(32)
        db.session.add(
            cls(
                staff_id=staff_id,
                purpose=purpose,
                digest=tokens.digest(browser),
                challenge=challenge,
                expires_at=now() + LIFE,
            )
        )
        db.session.flush()
        return challenge

    @classmethod
    def take(cls, purpose: str, browser: str, staff_id: int | None, challenge: bytes) -> bool:
        """Use the challenge up; tell whether it was this browser's, for this, and still good."""
        mine = delete(cls).where(
            cls.challenge == challenge,
            cls.purpose == purpose,
            cls.digest == tokens.digest(browser),
            cls.staff_id.is_(None) if staff_id is None else cls.staff_id == staff_id,
            cls.expires_at > now(),
        )
        return execute(mine).rowcount == 1

    @classmethod
    def forget_ended(cls) -> None:
        execute(delete(cls).where(cls.expires_at <= now()))

"""StaffPasskey: a passkey of a staff member, on a phone, in a browser or on a security key."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, case, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, db, execute, first, now
from portal.models import staff_event
from portal.models.staff import Staff

LONGEST_NAME = 60
MOST = 20
"""Of one person: more than anybody has, and few enough for a page."""


class PasskeyKey(NamedTuple):
    """What a passkey is checked with, and whose it is."""

    id: int
    staff_id: int
    public_key: bytes
    sign_count: int
    handle: bytes | None


class StaffPasskey(Base):
    """The public half alone: with it nobody can sign in."""

    __tablename__ = "staff_passkey"

    id: Mapped[Id] = mapped_column(init=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(default=0)
    transports: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    is_backed_up: Mapped[bool] = mapped_column(default=False)
    """Its provider keeps a copy of it, so that it is there on the next phone too."""
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    last_used_at: Mapped[datetime | None] = mapped_column(default=None)

    @classmethod
    def of_staff(cls, staff_id: int) -> list[StaffPasskey]:
        query = select(cls).where(cls.staff_id == staff_id).order_by(cls.id)
        return list(db.session.scalars(query.execution_options(populate_existing=True)))

    @classmethod
    def key_of(cls, credential_id: bytes) -> PasskeyKey | None:
        """Return what an answer is checked with. Nobody else waits while it is."""
        columns = (cls.id, cls.staff_id, cls.public_key, cls.sign_count, Staff.passkey_handle)
        query = select(*columns).join(Staff, Staff.id == cls.staff_id)
        row = first(query.where(cls.credential_id == credential_id))
        return PasskeyKey._make(row) if row else None

    @classmethod
    def note_use(
        cls, key: PasskeyKey, sign_count: int, *, is_backed_up: bool, request_id: str
    ) -> bool:
        """Keep the highest count that was seen, so that a copy that lags behind goes on showing;
        tell whether the passkey is still there."""
        if 0 < key.sign_count >= sign_count:
            staff_event.record("passkey_suspect", key.staff_id, request_id=request_id)
        used = update(cls).where(cls.id == key.id)
        highest = case((cls.sign_count < sign_count, sign_count), else_=cls.sign_count)
        values = {"sign_count": highest, "is_backed_up": is_backed_up, "last_used_at": now()}
        return execute(used.values(values)).rowcount == 1

    @classmethod
    def rename(cls, staff_id: int, passkey_id: int, name: str) -> bool:
        mine = update(cls).where(cls.id == passkey_id, cls.staff_id == staff_id)
        return execute(mine.values(name=name)).rowcount == 1

    @classmethod
    def remove(cls, staff_id: int, passkey_id: int) -> str | None:
        """Remove one of this person's own; return what it was called, or None."""
        gone = delete(cls).where(cls.id == passkey_id, cls.staff_id == staff_id)
        return execute(gone.returning(cls.name)).scalar()

    @classmethod
    def remove_all(cls, staff_id: int) -> int:
        return execute(delete(cls).where(cls.staff_id == staff_id)).rowcount

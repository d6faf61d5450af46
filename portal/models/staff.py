"""Staff: people of an account. They share no table, cookie or role column with clients."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, db, execute, now
from portal.models.address import cleaned_email, normalise_email


class Staff(Base):
    """A person of one or several accounts. `password_hash` is empty until they choose one."""

    __tablename__ = "staff"
    __table_args__ = (Index("ix_staff_passkey_handle", "passkey_handle", unique=True),)

    id: Mapped[Id] = mapped_column(init=False)
    name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(254))
    email_norm: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200), default="", repr=False)
    created_at: Mapped[datetime] = mapped_column(default_factory=now)
    last_seen_at: Mapped[datetime | None] = mapped_column(default=None)
    locale: Mapped[str] = mapped_column(String(12), default="", server_default="")
    """The language of their desk; empty for the one that their browser asks for."""
    passkey_handle: Mapped[bytes | None] = mapped_column(LargeBinary(32), default=None)
    """Random: what their passkeys know them by, which tells nothing about them."""
    factors_reset_at: Mapped[datetime | None] = mapped_column(default=None)
    """Somebody else took their second factor away, and they were not told yet."""

    @property
    def called(self) -> str:
        return self.name or self.email

    @classmethod
    def by_email(cls, email: str) -> Staff | None:
        """Return whoever signs in with *email*. Raises AddressError."""
        return db.session.scalar(select(cls).where(cls.email_norm == normalise_email(email)))

    @classmethod
    def add(cls, email: str, name: str) -> Staff | None:
        """Add somebody new; None when somebody has the address, as of two who add them at once."""
        norm = normalise_email(email)
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        fields = {"name": name, "email": cleaned_email(email), "email_norm": norm}
        added = dialect.insert(cls).values(**fields, password_hash="", created_at=now())
        free = added.on_conflict_do_nothing(index_elements=["email_norm"])
        is_new = db.session.scalar(free.returning(cls.id)) is not None
        return cls.by_email(email) if is_new else None

    @classmethod
    def find(cls, staff_id: int) -> Staff | None:
        return db.session.get(cls, staff_id)

    @classmethod
    def keep_password(cls, staff_id: int, was: str, renewed: str) -> bool:
        """Store the same password's *renewed* hash; tell whether it is their password still.

        Whoever changes it waits until this transaction ends, or has changed it already.
        """
        same = update(cls).where(cls.id == staff_id, cls.password_hash == was)
        return execute(same.values(password_hash=renewed)).rowcount == 1

    @classmethod
    def note_reset(cls, staff_id: int) -> None:
        """Let them be told, when they sign in next, that somebody took their factors away."""
        execute(update(cls).where(cls.id == staff_id).values(factors_reset_at=now()))

    @classmethod
    def keep_handle(cls, staff_id: int, handle: bytes) -> bytes:
        """Return what passkeys know this person by: *handle*, unless they have one already."""
        given = update(cls).where(cls.id == staff_id)
        kept = given.values(passkey_handle=func.coalesce(cls.passkey_handle, handle))
        return bytes(execute(kept.returning(cls.passkey_handle)).scalar_one())

    @classmethod
    def find_or_add(cls, email: str, name: str = "") -> Staff:
        staff = cls.by_email(email)
        if staff is None:
            staff = cls(name=name, email=cleaned_email(email), email_norm=normalise_email(email))
            db.session.add(staff)
            db.session.flush()
        return staff

"""StaffTotp: the secret that a staff member's app makes one-time codes from."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal import totp
from portal.db import Base, db, execute, now
from portal.envelope import seal, unseal
from portal.errors import SettingsError

log = logging.getLogger(__name__)


class StaffTotp(Base):
    """`sealed` is in force since `confirmed_at`; `pending` was shown and waits for its first code.

    Both are sealed for this person: in another row they cannot be opened.
    """

    __tablename__ = "staff_totp"

    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, default=None, repr=False)
    pending: Mapped[bytes | None] = mapped_column(LargeBinary, default=None, repr=False)
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    last_step: Mapped[int | None] = mapped_column(default=None)
    """The step of the last code that was used: that code, and older ones, work no more."""

    @staticmethod
    def purpose(staff_id: int) -> str:
        return f"totp {staff_id}"

    @classmethod
    def begin(cls, staff_id: int) -> None:
        """Keep a new secret beside the one in force, until a code of it was typed."""
        pending = seal(cls.purpose(staff_id), totp.new_secret())
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        added = dialect.insert(cls).values(staff_id=staff_id, pending=pending)
        anew = {"pending": pending}
        execute(added.on_conflict_do_update(index_elements=["staff_id"], set_=anew))

    @classmethod
    def pending_of(cls, staff_id: int) -> bytes | None:
        """Return the secret that was shown and not confirmed."""
        sealed = db.session.scalar(select(cls.pending).where(cls.staff_id == staff_id))
        return _opened(staff_id, sealed)

    @classmethod
    def confirm(cls, staff_id: int, code: str) -> bool:
        """Put the pending secret in force, if *code* is one of it."""
        mine = cls.staff_id == staff_id
        sealed = db.session.scalar(select(cls.pending).where(mine))
        secret = _opened(staff_id, sealed)
        step = totp.step_of(secret, code, now(), after=None) if secret else None
        if step is None:
            return False
        confirmed = update(cls).where(mine, cls.pending == sealed)
        values = {"sealed": sealed, "pending": None, "confirmed_at": now(), "last_step": step}
        return execute(confirmed.values(values)).rowcount == 1

    @classmethod
    def use(cls, staff_id: int, code: str) -> bool:
        """Use *code* up; of several who type it at once, one gets in."""
        row = db.session.execute(
            select(cls.sealed, cls.last_step).where(cls.staff_id == staff_id)
        ).first()
        secret = _opened(staff_id, row.sealed) if row else None
        step = totp.step_of(secret, code, now(), after=row.last_step) if row and secret else None
        if row is None or step is None:
            return False
        is_newer = or_(cls.last_step.is_(None), cls.last_step < step)
        used = update(cls).where(cls.staff_id == staff_id, cls.sealed == row.sealed, is_newer)
        return execute(used.values(last_step=step)).rowcount == 1

    @classmethod
    def remove(cls, staff_id: int) -> bool:
        """Forget the secret, and one that waits; tell whether one was in force."""
        gone = delete(cls).where(cls.staff_id == staff_id).returning(cls.confirmed_at)
        return execute(gone).scalar() is not None


def _opened(staff_id: int, sealed: bytes | None) -> bytes | None:
    """Without its key the secret is as good as none; recovery codes and passkeys work on."""
    try:
        return unseal(StaffTotp.purpose(staff_id), sealed) if sealed else None
    except SettingsError:
        log.error(
            "The one-time codes of staff %s cannot be read with PORTAL_SECRET_KEYS.", staff_id
        )
        return None

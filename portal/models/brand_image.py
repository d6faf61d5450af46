"""BrandImage: an account's logo or favicon, as we drew it."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, db, first, now
from portal.models.account import Account

LOGO, ICON = "logo", "icon"


class BrandImage(Base):
    """The one logo, or the one favicon, of an account: a PNG under its own digest."""

    __tablename__ = "brand_image"
    __table_args__ = (UniqueConstraint("account_id", "what"),)

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    what: Mapped[str] = mapped_column(String(4))
    """`logo` or `icon`."""
    digest: Mapped[str] = mapped_column(String(20))
    body: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    created_at: Mapped[datetime] = mapped_column(default_factory=now)

    @classmethod
    def put_up(cls, account_id: int, what: str, body: bytes) -> str:
        """Let *body* take the place of what was there. Return its digest."""
        cls.take_down(account_id, what)
        digest = sha256(body).hexdigest()[:20]
        db.session.add(cls(account_id=account_id, what=what, digest=digest, body=body))
        return digest

    @classmethod
    def take_down(cls, account_id: int, what: str) -> None:
        db.session.execute(delete(cls).where(cls.account_id == account_id, cls.what == what))

    @classmethod
    def body_of(cls, slug: str, digest: str) -> bytes | None:
        """Return the picture of the portal at *slug* that has *digest*."""
        row = first(
            select(cls.body)
            .join(Account, Account.id == cls.account_id)
            .where(Account.slug == slug, cls.digest == digest)
            .limit(1)
        )
        return row[0] if row else None

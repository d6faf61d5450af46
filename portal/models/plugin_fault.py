"""PluginFault: what went wrong inside a plugin, once for each kind of failure, with a count."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from portal import tokens
from portal.db import Base, Id, db, now, storable

LONGEST_TRACEBACK = 8000


class PluginFault(Base):
    """A failure of a plugin's own, without links or secrets, for those who have to mend it."""

    __tablename__ = "plugin_fault"

    id: Mapped[Id] = mapped_column(init=False)
    plugin: Mapped[str] = mapped_column(String(60), index=True)
    hook: Mapped[str] = mapped_column(String(60))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    words: Mapped[str] = mapped_column(Text)
    traceback: Mapped[str] = mapped_column(Text, default="")
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), default=None
    )
    count: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime] = mapped_column(default_factory=now)
    last_at: Mapped[datetime] = mapped_column(default_factory=now)

    @staticmethod
    def report(
        connection: Connection,
        *,
        plugin: str,
        hook: str,
        words: str,
        traceback: str,
        account_id: int | None,
    ) -> None:
        """Write the failure down, or count it once more when it is known."""
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        at = now()
        words, traceback = storable(words), storable(traceback)
        connection.execute(
            dialect.insert(PluginFault)
            .values(
                plugin=plugin[:60],
                hook=hook[:60],
                digest=tokens.digest(f"{plugin} {hook} {account_id} {words}"),
                words=words[:1000],
                traceback=traceback[-LONGEST_TRACEBACK:],
                account_id=account_id,
                count=1,
                first_at=at,
                last_at=at,
            )
            .on_conflict_do_update(
                index_elements=["digest"],
                set_={"count": PluginFault.count + 1, "last_at": at, "traceback": traceback},
            )
        )

    @classmethod
    def latest(cls, *, account_id: int | None = None, size: int = 50) -> list[PluginFault]:
        """Return the newest failures: everybody's, or those an account may see, which are its own
        and the ones that concern nobody in particular."""
        query = select(cls)
        if account_id is not None:
            query = query.where(or_(cls.account_id == account_id, cls.account_id.is_(None)))
        return list(db.session.scalars(query.order_by(cls.last_at.desc()).limit(size)))

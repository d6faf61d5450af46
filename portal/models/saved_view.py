"""SavedView: a list of contacts that staff of an account open again by its name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, db, now
from portal.errors import TakenError
from portal.languages import _
from portal.models.address import folded

LONGEST = 60
MOST = 50


class SavedView(Base):
    """Filters, order and columns under a name; everyone of the account sees the same ones."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("account_id", "key"),)

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(LONGEST))
    key: Mapped[str] = mapped_column(String(LONGEST))
    asked: Mapped[dict[str, str]] = mapped_column(JSON, default_factory=dict)
    created_at: Mapped[datetime] = mapped_column(default_factory=now)

    @classmethod
    def find(cls, account_id: int, view_id: int) -> SavedView | None:
        return db.session.scalar(select(cls).where(cls.id == view_id, cls.account_id == account_id))

    @classmethod
    def of_account(cls, account_id: int) -> list[SavedView]:
        return list(
            db.session.scalars(select(cls).where(cls.account_id == account_id).order_by(cls.key))
        )

    @classmethod
    def add(cls, account_id: int, name: str, asked: dict[str, str]) -> SavedView:
        """Raises TakenError when the name is taken, or there are too many."""
        if cls._count(account_id) >= MOST:
            words = _(
                "There are %(count)s views already. Delete one that nobody uses.", count=str(MOST)
            )
            raise TakenError(words)
        view = cls(account_id=account_id, name=name, key="", asked=asked)
        view.rename(name)
        db.session.add(view)
        db.session.flush()
        return view

    def rename(self, name: str) -> None:
        """Raises TakenError when another view of the account is called like that."""
        key = folded(name)[:LONGEST]
        found = db.session.scalar(
            select(SavedView.id).where(
                SavedView.account_id == self.account_id, SavedView.key == key
            )
        )
        if found is not None and found != self.id:
            words = _("There is a view called “%(name)s” already. Choose another name.", name=name)
            raise TakenError(words)
        self.name, self.key = name[:LONGEST], key

    def remove(self) -> None:
        db.session.delete(self)

    @classmethod
    def _count(cls, account_id: int) -> int:
        query = select(func.count()).where(cls.account_id == account_id)
        return db.session.scalar(query) or 0

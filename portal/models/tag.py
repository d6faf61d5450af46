"""Tag: a word that staff put on contacts to find them again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, Id, db
from portal.models.address import folded
from portal.models.contact_tag import ContactTag

LONGEST = 60
SHOWN = 200


class Tag(Base):
    """One word of an account. Two that differ in case or accents only are one."""

    __tablename__ = "tag"
    __table_args__ = (UniqueConstraint("account_id", "key"),)

    id: Mapped[Id] = mapped_column(init=False)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(LONGEST))
    key: Mapped[str] = mapped_column(String(LONGEST))

    @classmethod
    def find(cls, account_id: int, tag_id: int) -> Tag | None:
        return db.session.scalar(select(cls).where(cls.id == tag_id, cls.account_id == account_id))

    @classmethod
    def named(cls, account_id: int, name: str) -> Tag | None:
        return db.session.scalar(
            select(cls).where(cls.account_id == account_id, cls.key == _key(name))
        )

    @classmethod
    def find_or_add(cls, account_id: int, name: str) -> Tag:
        """Return the tag called *name*. Two who add it at once add one."""
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        fields = {"account_id": account_id, "name": name[:LONGEST], "key": _key(name)}
        db.session.execute(
            dialect.insert(cls)
            .values(**fields)
            .on_conflict_do_nothing(index_elements=["account_id", "key"])
        )
        found = cls.named(account_id, name)
        if found is None:
            raise AssertionError("the tag was just added")
        return found

    @classmethod
    def in_use(cls, account_id: int) -> list[Tag]:
        """Return the account's tags that somebody wears, by name."""
        is_worn = select(ContactTag.contact_id).where(ContactTag.tag_id == cls.id).exists()
        query = select(cls).where(cls.account_id == account_id, is_worn).order_by(cls.key)
        return list(db.session.scalars(query.limit(SHOWN)))

    @classmethod
    def of_contacts(cls, contact_ids: Sequence[int]) -> dict[int, list[Tag]]:
        """Return the tags of each of the contacts that has some, by name."""
        rows = db.session.execute(
            select(ContactTag.contact_id, cls)
            .join(cls, cls.id == ContactTag.tag_id)
            .where(ContactTag.contact_id.in_(contact_ids))
            .order_by(cls.key)
        )
        found: dict[int, list[Tag]] = {}
        for contact_id, tag in rows:
            found.setdefault(contact_id, []).append(tag)
        return found


def _key(name: str) -> str:
    return folded(name)[:LONGEST]

"""ContactTag: which contact wears which tag."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ForeignKey, Index, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db


class ContactTag(Base):
    """One tag on one contact. Both belong to the same account."""

    __tablename__ = "contact_tag"
    __table_args__ = (Index("ix_contact_tag_contact_id", "contact_id"),)

    tag_id: Mapped[int] = mapped_column(
        ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )

    @classmethod
    def put_on(cls, tag_id: int, contact_ids: Sequence[int]) -> list[int]:
        """Put the tag on the contacts; return those that did not have it."""
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        rows = [{"tag_id": tag_id, "contact_id": contact_id} for contact_id in contact_ids]
        statement = dialect.insert(cls).values(rows).on_conflict_do_nothing()
        added = db.session.execute(statement.returning(cls.contact_id)) if rows else ()
        return [row[0] for row in added]

    @classmethod
    def take_off(cls, tag_id: int, contact_ids: Sequence[int]) -> list[int]:
        """Take the tag off the contacts; return those that had it."""
        taken = db.session.execute(
            delete(cls)
            .where(cls.tag_id == tag_id, cls.contact_id.in_(contact_ids))
            .returning(cls.contact_id)
            .execution_options(synchronize_session=False)
        )
        return [row[0] for row in taken]

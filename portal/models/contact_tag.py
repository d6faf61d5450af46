"""ContactTag: which contact wears which tag."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ForeignKey, Index, delete, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, big_id, db
from portal.models.contact import BY_CODE_POINT, Contact


class ContactTag(Base):
    """One tag on one contact. Both belong to the same account.

    `sort_key` repeats the contact's, so that the wearers of a tag stand in the order of their
    names; when a contact is renamed, a trigger writes it (see migrations).
    """

    __tablename__ = "contact_tag"
    __table_args__ = (
        Index("ix_contact_tag_contact_id", "contact_id"),
        Index("ix_contact_tag_in_order", "tag_id", "sort_key", "contact_id"),
    )

    tag_id: Mapped[int] = mapped_column(
        ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contact.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sort_key: Mapped[str] = mapped_column(BY_CODE_POINT, server_default="")

    @classmethod
    def put_on(cls, tag_id: int, contact_ids: Sequence[int]) -> list[int]:
        """Put the tag on the contacts; return those that did not have it.

        The contacts are held meanwhile, in the order of their ids: somebody who is being renamed
        is not put into the order under the name that they have had.
        """
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        wearers = (
            select(literal(tag_id, big_id), Contact.id, Contact.sort_key)
            .where(Contact.id.in_(contact_ids))
            .order_by(Contact.id)
            .with_for_update(read=True)
        )
        statement = dialect.insert(cls).from_select(["tag_id", "contact_id", "sort_key"], wearers)
        added = statement.on_conflict_do_nothing().returning(cls.contact_id)
        return [row[0] for row in db.session.execute(added)] if contact_ids else []

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

"""PluginCursor: how far a plugin that observes the history has read it."""

from __future__ import annotations

from sqlalchemy import String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db


class PluginCursor(Base):
    """The last event that the plugin has seen."""

    __tablename__ = "plugin_cursor"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    event_id: Mapped[int]

    @classmethod
    def begin(cls, name: str, event_id: int) -> int:
        """Let the plugin hear what follows *event_id*, or go on where it is: of two processes that
        begin at once, one decides. Return where that is."""
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        fresh = dialect.insert(cls).values(name=name, event_id=event_id)
        db.session.execute(fresh.on_conflict_do_nothing(index_elements=["name"]))
        query = select(cls.event_id).where(cls.name == name)
        return db.session.scalars(query).one()

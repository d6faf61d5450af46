"""PluginCursor: how far a plugin that observes the history has read it."""

from __future__ import annotations

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import Base, db


class PluginCursor(Base):
    """The last event that the plugin has seen."""

    __tablename__ = "plugin_cursor"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    event_id: Mapped[int]

    @classmethod
    def taken(cls, name: str) -> PluginCursor | None:
        """Return the plugin's cursor for this transaction alone, or None when it has none yet or
        another process is at it."""
        return db.session.scalar(
            select(cls)
            .where(cls.name == name)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )

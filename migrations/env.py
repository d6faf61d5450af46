"""Run migrations on the connection that portal.schema has opened, in its transaction."""

from typing import Any

from alembic import context

from portal.db import Base, UtcDateTime


def render_item(kind: str, item: Any, autogen: Any) -> str | bool:
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen.imports.add("from portal.db import UtcDateTime")
        return "UtcDateTime()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_item=render_item,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,
)
context.run_migrations()

"""Keep the wearers of a tag in the order of their names.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BY_CODE_POINT = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column(
        "contact_tag", sa.Column("sort_key", BY_CODE_POINT, nullable=False, server_default="")
    )
    op.execute(_COPY)
    op.create_index("ix_contact_tag_in_order", "contact_tag", ["tag_id", "sort_key", "contact_id"])
    for statement in _SQLITE if _is_sqlite() else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for statement in _OFF_SQLITE if _is_sqlite() else _OFF_POSTGRESQL:
        op.execute(statement)
    op.drop_index("ix_contact_tag_in_order", "contact_tag")
    op.drop_column("contact_tag", "sort_key")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


_COPY = """
    UPDATE contact_tag SET sort_key =
        (SELECT contact.sort_key FROM contact WHERE contact.id = contact_tag.contact_id)
"""
# Whoever puts a tag on writes the key; whoever renames a contact need not know of tags.
_SQLITE = (
    """
    CREATE TRIGGER contact_renamed AFTER UPDATE OF sort_key ON contact
    WHEN OLD.sort_key <> NEW.sort_key BEGIN
        UPDATE contact_tag SET sort_key = NEW.sort_key WHERE contact_id = NEW.id;
    END
    """,
)
_OFF_SQLITE = ("DROP TRIGGER contact_renamed",)
_POSTGRESQL = (
    """
    CREATE FUNCTION rename_contact_tags() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE contact_tag SET sort_key = NEW.sort_key WHERE contact_id = NEW.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER contact_renamed AFTER UPDATE OF sort_key ON contact
    FOR EACH ROW WHEN (OLD.sort_key <> NEW.sort_key) EXECUTE FUNCTION rename_contact_tags()
    """,
)
_OFF_POSTGRESQL = (
    "DROP TRIGGER contact_renamed ON contact",
    "DROP FUNCTION rename_contact_tags",
)

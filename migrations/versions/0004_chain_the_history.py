"""Chain the history by hash, and keep an event when the contact it is about is deleted.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from portal.db import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("event") as table:
        table.add_column(sa.Column("subject_id", BIG, nullable=True))
        table.add_column(sa.Column("author_id", BIG, nullable=True))
        table.add_column(sa.Column("proof", sa.LargeBinary(length=28), nullable=True))
        _lead_to_contact(table, "SET NULL")
    op.execute("UPDATE event SET subject_id = contact_id, author_id = staff_id")
    op.create_table(
        "event_seal",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_at", UtcDateTime(), nullable=False),
        _of_account("event_seal"),
        sa.PrimaryKeyConstraint("id", name="pk_event_seal"),
        sa.UniqueConstraint("account_id", "number", name="uq_event_seal_account_id_number"),
    )
    op.create_table(
        "event_chain",
        sa.Column("account_id", BIG, autoincrement=False, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("events", BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_at", UtcDateTime(), nullable=False),
        _of_account("event_chain"),
        sa.PrimaryKeyConstraint("account_id", name="pk_event_chain"),
    )
    op.create_table(
        "event_cursor",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("through", BIG, nullable=False),
        sa.Column("found_through", BIG, nullable=False),
        sa.Column("chains", BIG, nullable=False),
        sa.Column("refused", BIG, nullable=False),
        sa.Column("gaps", sa.JSON(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_cursor"),
    )


def downgrade() -> None:
    op.drop_table("event_cursor")
    op.drop_table("event_chain")
    op.drop_table("event_seal")
    # As it was before, what is about a contact who is gone would have gone with them.
    op.execute("DELETE FROM event WHERE subject_id IS NOT NULL AND contact_id IS NULL")
    with op.batch_alter_table("event") as table:
        _lead_to_contact(table, "CASCADE")
        table.drop_column("proof")
        table.drop_column("author_id")
        table.drop_column("subject_id")


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_account_id"
    return sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=name, ondelete="CASCADE")


def _lead_to_contact(table: BatchOperations, when_deleted: str) -> None:
    table.drop_constraint("fk_event_contact_id", type_="foreignkey")
    table.create_foreign_key(
        "fk_event_contact_id", "contact", ["contact_id"], ["id"], ondelete=when_deleted
    )

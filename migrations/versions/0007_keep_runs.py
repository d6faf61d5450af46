"""Keep runs.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _add_runs()
    op.create_table(
        "run_piece",
        sa.Column("run_id", BIG, autoincrement=False, nullable=False),
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name="fk_run_piece_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_run_piece"),
    )
    _add_rows()


def _add_runs() -> None:
    op.create_table(
        "run",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=True),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("tag", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("shape", sa.JSON(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("tally", sa.JSON(), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("total", BIG, nullable=False),
        sa.Column("done", BIG, nullable=False),
        sa.Column("skipped", BIG, nullable=False),
        sa.Column("failed", BIG, nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("begin_at", UtcDateTime(), nullable=True),
        sa.Column("since_at", UtcDateTime(), nullable=True),
        sa.Column("since_done", BIG, nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("tally_at", UtcDateTime(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("claim", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_run_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name="fk_run_staff_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_index("ix_run_account_id_id", "run", ["account_id", "id"])
    op.create_index("ix_run_status", "run", ["status"])
    _partial("ix_run_tally_at", "run", "tally_at")


def _add_rows() -> None:
    op.create_table(
        "run_row",
        sa.Column("id", BIG, nullable=False),
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_norm", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("external_id", sa.String(length=100), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("suggestion", sa.String(length=320), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("contact_id", BIG, nullable=True),
        sa.Column("delivery_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name="fk_run_row_run_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name="fk_run_row_contact_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_run_row"),
    )
    op.create_index("ix_run_row_run_id_state", "run_row", ["run_id", "state", "id"])
    op.create_index("ix_run_row_run_id_verdict", "run_row", ["run_id", "verdict", "id"])
    op.create_index("ix_run_row_run_id_email_norm", "run_row", ["run_id", "email_norm"])
    _partial("ix_run_row_delivery_id", "run_row", "delivery_id", unique=True)
    _partial("ix_run_row_contact_id", "run_row", "contact_id")


def _partial(name: str, table: str, column: str, *, unique: bool = False) -> None:
    where = sa.text(f"{column} IS NOT NULL")
    op.create_index(
        name, table, [column], unique=unique, sqlite_where=where, postgresql_where=where
    )


def downgrade() -> None:
    op.drop_table("run_row")
    op.drop_table("run_piece")
    op.drop_table("run")

"""Add what channels need: settings, trials, pace, tasks, plugins' faults, and fallback.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TROUBLE = sa.text("status IN ('bounced', 'complained', 'failed', 'expired', 'unknown')")
WHERE = {
    "ix_delivery_trouble": TROUBLE,
    "ix_delivery_provider_id": sa.text("provider_id <> ''"),
    "ix_delivery_receipt_due_at": sa.text("receipt_due_at IS NOT NULL"),
    "ix_delivery_follows_id": sa.text("follows_id IS NOT NULL"),
    "ix_channel_setting_paused": sa.text("paused_why <> ''"),
    "ix_staff_task_open": sa.text("done_at IS NULL"),
}


def upgrade() -> None:
    _widen_delivery()
    op.add_column("contact", sa.Column("addresses", sa.JSON(), nullable=False, server_default="{}"))
    _add_channel_tables()
    _add_plugin_tables()


def downgrade() -> None:
    for table in ("staff_task", "plugin_fault", "plugin_cursor", "pace"):
        op.drop_table(table)
    for table in ("channel_trial", "channel_setting"):
        op.drop_table(table)
    with op.batch_alter_table("contact") as contact:
        contact.drop_column("addresses")
    for name in (
        "ix_delivery_trouble",
        "ix_delivery_provider_id",
        "ix_delivery_receipt_due_at",
        "ix_delivery_follows_id",
        "ix_delivery_account_id_created_at",
    ):
        op.drop_index(name, "delivery")
    with op.batch_alter_table("delivery") as delivery:
        for column in ("held", "slot_at", "follows_id", "receipt_due_at", "cause"):
            delivery.drop_column(column)
    op.create_index("ix_delivery_account_id_created_at", "delivery", ["account_id", "created_at"])


def _widen_delivery() -> None:
    for column in (
        sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("slot_at", UtcDateTime(), nullable=True),
        sa.Column("follows_id", BIG, nullable=True),
        sa.Column("receipt_due_at", UtcDateTime(), nullable=True),
        sa.Column("cause", sa.String(length=16), nullable=False, server_default=""),
    ):
        op.add_column("delivery", column)
    by_time = ["account_id", "created_at", "id"]
    op.drop_index("ix_delivery_account_id_created_at", "delivery")
    op.create_index("ix_delivery_account_id_created_at", "delivery", by_time)
    _index("ix_delivery_trouble", "delivery", by_time)
    _index("ix_delivery_provider_id", "delivery", ["provider_id"])
    _index("ix_delivery_receipt_due_at", "delivery", ["receipt_due_at"])
    _index("ix_delivery_follows_id", "delivery", ["follows_id"], unique=True)


def _index(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    where = WHERE[name]
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _add_channel_tables() -> None:
    op.create_table(
        "channel_setting",
        sa.Column("id", BIG, nullable=False),
        _account(),
        sa.Column("channel", sa.String(length=30), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("rate", BIG, nullable=True),
        sa.Column("receipt_wait", BIG, nullable=False),
        sa.Column("receipt_key", sa.String(length=43), nullable=False),
        sa.Column("failures", BIG, nullable=False),
        sa.Column("pauses", BIG, nullable=False),
        sa.Column("paused_until", UtcDateTime(), nullable=True),
        sa.Column("paused_why", sa.String(length=8), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("last_error_at", UtcDateTime(), nullable=True),
        sa.Column("last_sent_at", UtcDateTime(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        _to("account_id", "account", "channel_setting"),
        sa.PrimaryKeyConstraint("id", name="pk_channel_setting"),
        sa.UniqueConstraint("account_id", "channel", name="uq_channel_setting_account_id_channel"),
        sa.UniqueConstraint("receipt_key", name="uq_channel_setting_receipt_key"),
    )
    _index("ix_channel_setting_paused", "channel_setting", ["account_id"])
    op.create_table(
        "channel_trial",
        sa.Column("id", BIG, nullable=False),
        _account(),
        sa.Column("channel", sa.String(length=30), nullable=False),
        sa.Column("what", sa.String(length=5), nullable=False),
        sa.Column("asked_by", BIG, nullable=True),
        sa.Column("to", sa.String(length=300), nullable=False),
        sa.Column("status", sa.String(length=7), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        _to("account_id", "account", "channel_trial"),
        _to("asked_by", "staff", "channel_trial", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_channel_trial"),
    )
    op.create_index(
        "ix_channel_trial_account_id_channel", "channel_trial", ["account_id", "channel", "id"]
    )
    op.create_table(
        "pace",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_pace"),
    )
    op.create_table(
        "staff_task",
        sa.Column("id", BIG, nullable=False),
        _account(),
        sa.Column("contact_id", BIG, nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("delivery_id", BIG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by", BIG, nullable=True),
        sa.Column("done_why", sa.String(length=20), nullable=False),
        _to("account_id", "account", "staff_task"),
        _to("contact_id", "contact", "staff_task"),
        _to("link_id", "magic_link", "staff_task"),
        _to("delivery_id", "delivery", "staff_task"),
        _to("done_by", "staff", "staff_task", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_task"),
        sa.UniqueConstraint("delivery_id", name="uq_staff_task_delivery_id"),
    )
    _index("ix_staff_task_open", "staff_task", ["account_id", "created_at"])
    op.create_index("ix_staff_task_contact_id", "staff_task", ["contact_id"])


def _add_plugin_tables() -> None:
    op.create_table(
        "plugin_cursor",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("event_id", BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_plugin_cursor"),
    )
    op.create_table(
        "plugin_fault",
        sa.Column("id", BIG, nullable=False),
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("hook", sa.String(length=60), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("traceback", sa.Text(), nullable=False),
        sa.Column("account_id", BIG, nullable=True),
        sa.Column("count", BIG, nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        _to("account_id", "account", "plugin_fault"),
        sa.PrimaryKeyConstraint("id", name="pk_plugin_fault"),
        sa.UniqueConstraint("digest", name="uq_plugin_fault_digest"),
    )
    op.create_index("ix_plugin_fault_plugin", "plugin_fault", ["plugin"])


def _account() -> sa.Column[int]:
    return sa.Column("account_id", BIG, nullable=False)


def _to(
    column: str, target: str, table: str, *, ondelete: str = "CASCADE"
) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete)

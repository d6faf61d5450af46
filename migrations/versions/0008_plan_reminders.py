"""Let staff see a portal as a client does.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VIEWED = sa.text("kind = 'viewed'")


def upgrade() -> None:
    _create_views()
    op.create_index(
        "ix_event_viewed", "event", ["contact_id", "at", "id"],
        sqlite_where=VIEWED, postgresql_where=VIEWED,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_event_viewed", "event")
    op.drop_table("client_view")


def _create_views() -> None:
    op.create_table(
        "client_view",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("contact_id", BIG, nullable=False),
        sa.Column("staff_session_id", BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [f"{other}_id"], [f"{other}.id"], name=f"fk_client_view_{other}_id",
                ondelete="CASCADE",
            )
            for other in ("account", "contact", "staff_session")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_client_view"),
        sa.UniqueConstraint("digest", name="uq_client_view_digest"),
    )  # fmt: skip
    for column in ("staff_session_id", "contact_id", "expires_at"):
        op.create_index(f"ix_client_view_{column}", "client_view", [column])

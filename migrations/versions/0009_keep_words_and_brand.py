"""Keep words and brand.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("account", sa.Column("brand", sa.JSON(), server_default="{}", nullable=False))
    op.create_table(
        "brand_image",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("what", sa.String(length=4), nullable=False),
        sa.Column("digest", sa.String(length=20), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_brand_image_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_brand_image"),
        sa.UniqueConstraint("account_id", "what", name="uq_brand_image_account_id_what"),
    )

    op.create_table(
        "message_words",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("form", sa.String(length=5), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.String(length=150), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("button", sa.String(length=40), nullable=False),
        sa.Column("written_by", BIG, nullable=True),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_message_words_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["written_by"], ["staff.id"], name="fk_message_words_written_by", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_message_words"),
    )
    op.create_index(
        "ix_message_words_account_id",
        "message_words",
        ["account_id", "kind", "form", "language", "id"],
    )
    op.add_column(
        "channel_trial", sa.Column("draft", sa.JSON(), server_default="{}", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("channel_trial", "draft")
    op.drop_table("message_words")
    op.drop_table("brand_image")
    op.drop_column("account", "brand")

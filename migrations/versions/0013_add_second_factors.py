"""Add passkeys and one-time passwords of staff.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from portal.db import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("staff", sa.Column("passkey_handle", sa.LargeBinary(length=32), nullable=True))
    op.create_index("ix_staff_passkey_handle", "staff", ["passkey_handle"], unique=True)
    op.add_column("staff", sa.Column("factors_reset_at", UtcDateTime(), nullable=True))
    op.add_column("staff_session", sa.Column("confirmed_at", UtcDateTime(), nullable=True))
    op.add_column(
        "staff_link",
        sa.Column("skips_second", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _passkeys()
    _codes()
    _steps()


def _passkeys() -> None:
    op.create_table(
        "staff_passkey",
        sa.Column("id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", BIG, nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        _of_staff("staff_passkey"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_passkey"),
        sa.UniqueConstraint("credential_id", name="uq_staff_passkey_credential_id"),
    )
    op.create_index("ix_staff_passkey_staff_id", "staff_passkey", ["staff_id"])


def _codes() -> None:
    op.create_table(
        "staff_totp",
        sa.Column("staff_id", BIG, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("pending", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", BIG, nullable=True),
        _of_staff("staff_totp"),
        sa.PrimaryKeyConstraint("staff_id", name="pk_staff_totp"),
    )
    op.create_table(
        "staff_recovery_code",
        sa.Column("id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        _of_staff("staff_recovery_code"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_recovery_code"),
        sa.UniqueConstraint("staff_id", "digest", name="uq_staff_recovery_code_staff_id_digest"),
    )


def _steps() -> None:
    op.create_table(
        "staff_half_sign_in",
        sa.Column("id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("via", sa.String(length=8), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        _of_staff("staff_half_sign_in"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_half_sign_in"),
        sa.UniqueConstraint("digest", name="uq_staff_half_sign_in_digest"),
    )
    op.create_table(
        "staff_challenge",
        sa.Column("id", BIG, nullable=False),
        sa.Column("staff_id", BIG, nullable=True),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("challenge", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        _of_staff("staff_challenge"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_challenge"),
        sa.UniqueConstraint("challenge", name="uq_staff_challenge_challenge"),
    )
    for table in ("staff_half_sign_in", "staff_challenge"):
        op.create_index(f"ix_{table}_staff_id", table, ["staff_id"])
        op.create_index(f"ix_{table}_expires_at", table, ["expires_at"])


def _of_staff(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_staff_id"
    return sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    for table in ("challenge", "half_sign_in", "recovery_code", "totp", "passkey"):
        op.drop_table(f"staff_{table}")
    op.drop_column("staff_link", "skips_second")
    op.drop_column("staff_session", "confirmed_at")
    op.drop_column("staff", "factors_reset_at")
    op.drop_index("ix_staff_passkey_handle", "staff")
    op.drop_column("staff", "passkey_handle")

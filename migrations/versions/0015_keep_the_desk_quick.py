"""Keep the desk quick with a million contacts.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNDELIVERED = sa.text("undelivered")
TROUBLE = sa.text("status IN ('bounced', 'complained', 'failed', 'expired', 'unknown')")
BY_TIME = ["account_id", "created_at", "id"]
COUNTED = ("opened", "unreached")
BEFORE = {
    "ix_contact_account_id_sort_key": ["account_id", "sort_key", "id"],
    "ix_contact_account_id_seen_key": ["account_id", "seen_key", "id"],
}
# What a walk in their order looks at stands in them: it need not look at the contacts.
AFTER = {
    "ix_contact_account_id_sort_key": ["account_id", "sort_key", "id", "search_key"],
    "ix_contact_account_id_seen_key": ["account_id", "seen_key", "id", "standing"],
}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(_SHORTER_ON_SQLITE if is_sqlite else _SHORTER_ON_POSTGRESQL)
    _index_contacts(AFTER)
    _index_accesses(["account_id", "contact_id"])
    _index_trouble([*BY_TIME, "status", "cause", "contact_id", "channel", "kind"])
    op.create_index("ix_run_row_run_id_id", "run_row", ["run_id", "id"])
    for name in COUNTED:
        op.add_column("account_tally", sa.Column(name, BIG, nullable=False, server_default="0"))
    op.execute(_COUNT)
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE_BEFORE if is_sqlite else _POSTGRESQL_BEFORE:
        op.execute(statement)
    for name in COUNTED:
        op.drop_column("account_tally", name)
    op.drop_index("ix_run_row_run_id_id", "run_row")
    _index_trouble(BY_TIME)
    _index_accesses(["account_id"])
    _index_contacts(BEFORE)


def _index_contacts(indexes: dict[str, list[str]]) -> None:
    for name, columns in indexes.items():
        op.drop_index(name, "contact")
        op.create_index(name, "contact", columns)


def _index_accesses(columns: list[str]) -> None:
    name = "ix_portal_access_undelivered"
    op.drop_index(name, "portal_access")
    op.create_index(name, "portal_access", columns,
                    sqlite_where=UNDELIVERED, postgresql_where=UNDELIVERED)  # fmt: skip


def _index_trouble(columns: list[str]) -> None:
    name = "ix_delivery_trouble"
    op.drop_index(name, "delivery")
    op.create_index(name, "delivery", columns, sqlite_where=TROUBLE, postgresql_where=TROUBLE)


# An entry of an index has less room than a row: see portal/models/search_words.py.
_SHORTER_ON_SQLITE = """
    UPDATE contact SET search_key = substr(search_key, 1, 450)
    WHERE length(CAST(search_key AS BLOB)) > 1800
"""
_SHORTER_ON_POSTGRESQL = """
    UPDATE contact SET search_key = left(search_key, 450) WHERE octet_length(search_key) > 1800
"""
_COUNT = """
    UPDATE account_tally SET opened = (SELECT count(*) FROM portal_access a
            WHERE a.account_id = account_tally.account_id AND a.status = 'invited'
                AND NOT a.undelivered AND a.opened_at IS NOT NULL),
        unreached = (SELECT count(*) FROM portal_access a
            WHERE a.account_id = account_tally.account_id AND a.status = 'invited'
                AND a.undelivered)
"""
_OPENED = "({0}.status = 'invited' AND NOT {0}.undelivered AND {0}.opened_at IS NOT NULL)"
_UNREACHED = "({0}.status = 'invited' AND {0}.undelivered)"
_OPENED_NEW, _OPENED_OLD = _OPENED.format("NEW"), _OPENED.format("OLD")
_UNREACHED_NEW, _UNREACHED_OLD = _UNREACHED.format("NEW"), _UNREACHED.format("OLD")
_DROP_ON_SQLITE = tuple(
    f"DROP TRIGGER portal_access_{what}" for what in ("added", "changed", "removed")
)
_SQLITE = (
    *_DROP_ON_SQLITE,
    f"""
    CREATE TRIGGER portal_access_added AFTER INSERT ON portal_access BEGIN
        INSERT INTO account_tally
            (account_id, invited, joined, undelivered, opened, unreached)
        VALUES (NEW.account_id, NEW.status = 'invited', NEW.status = 'joined', NEW.undelivered,
            {_OPENED_NEW}, {_UNREACHED_NEW})
        ON CONFLICT (account_id) DO UPDATE SET invited = invited + excluded.invited,
            joined = joined + excluded.joined, undelivered = undelivered + excluded.undelivered,
            opened = opened + excluded.opened, unreached = unreached + excluded.unreached;
    END
    """,  # noqa: S608
    f"""
    CREATE TRIGGER portal_access_changed
    AFTER UPDATE OF status, undelivered, opened_at ON portal_access
    WHEN OLD.status <> NEW.status OR OLD.undelivered <> NEW.undelivered
        OR (OLD.opened_at IS NULL) <> (NEW.opened_at IS NULL) BEGIN
        UPDATE account_tally SET
            invited = invited + (NEW.status = 'invited') - (OLD.status = 'invited'),
            joined = joined + (NEW.status = 'joined') - (OLD.status = 'joined'),
            undelivered = undelivered + NEW.undelivered - OLD.undelivered,
            opened = opened + {_OPENED_NEW} - {_OPENED_OLD},
            unreached = unreached + {_UNREACHED_NEW} - {_UNREACHED_OLD}
        WHERE account_id = NEW.account_id;
    END
    """,  # noqa: S608
    f"""
    CREATE TRIGGER portal_access_removed AFTER DELETE ON portal_access BEGIN
        UPDATE account_tally SET invited = invited - (OLD.status = 'invited'),
            joined = joined - (OLD.status = 'joined'), undelivered = undelivered - OLD.undelivered,
            opened = opened - {_OPENED_OLD}, unreached = unreached - {_UNREACHED_OLD}
        WHERE account_id = OLD.account_id;
    END
    """,  # noqa: S608
)
_POSTGRESQL = (
    "DROP TRIGGER portal_access_tally ON portal_access",
    f"""
    CREATE OR REPLACE FUNCTION tally_portal_access() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF (OLD.status, OLD.undelivered, OLD.opened_at IS NULL)
                    IS NOT DISTINCT FROM (NEW.status, NEW.undelivered, NEW.opened_at IS NULL) THEN
                RETURN NULL;
            END IF;
            UPDATE account_tally SET
                invited = invited + (NEW.status = 'invited')::int - (OLD.status = 'invited')::int,
                joined = joined + (NEW.status = 'joined')::int - (OLD.status = 'joined')::int,
                undelivered = undelivered + NEW.undelivered::int - OLD.undelivered::int,
                opened = opened + {_OPENED_NEW}::int - {_OPENED_OLD}::int,
                unreached = unreached + {_UNREACHED_NEW}::int - {_UNREACHED_OLD}::int
            WHERE account_id = NEW.account_id;
        ELSIF TG_OP = 'DELETE' THEN
            UPDATE account_tally SET invited = invited - (OLD.status = 'invited')::int,
                joined = joined - (OLD.status = 'joined')::int,
                undelivered = undelivered - OLD.undelivered::int,
                opened = opened - {_OPENED_OLD}::int, unreached = unreached - {_UNREACHED_OLD}::int
            WHERE account_id = OLD.account_id;
        ELSE
            INSERT INTO account_tally AS t
                (account_id, invited, joined, undelivered, opened, unreached)
            VALUES (NEW.account_id, (NEW.status = 'invited')::int, (NEW.status = 'joined')::int,
                NEW.undelivered::int, {_OPENED_NEW}::int, {_UNREACHED_NEW}::int)
            ON CONFLICT (account_id) DO UPDATE SET invited = t.invited + excluded.invited,
                joined = t.joined + excluded.joined,
                undelivered = t.undelivered + excluded.undelivered,
                opened = t.opened + excluded.opened, unreached = t.unreached + excluded.unreached;
        END IF;
        RETURN NULL;
    END $$
    """,  # noqa: S608
    """
    CREATE TRIGGER portal_access_tally
    AFTER INSERT OR DELETE OR UPDATE OF status, undelivered, opened_at ON portal_access
    FOR EACH ROW EXECUTE FUNCTION tally_portal_access()
    """,
)

# As 0001 made them.
_SQLITE_BEFORE = (
    *_DROP_ON_SQLITE,
    """
    CREATE TRIGGER portal_access_added AFTER INSERT ON portal_access BEGIN
        INSERT INTO account_tally (account_id, invited, joined, undelivered)
        VALUES (NEW.account_id, NEW.status = 'invited', NEW.status = 'joined', NEW.undelivered)
        ON CONFLICT (account_id) DO UPDATE SET invited = invited + excluded.invited,
            joined = joined + excluded.joined, undelivered = undelivered + excluded.undelivered;
    END
    """,
    """
    CREATE TRIGGER portal_access_changed AFTER UPDATE OF status, undelivered ON portal_access
    WHEN OLD.status <> NEW.status OR OLD.undelivered <> NEW.undelivered BEGIN
        UPDATE account_tally SET
            invited = invited + (NEW.status = 'invited') - (OLD.status = 'invited'),
            joined = joined + (NEW.status = 'joined') - (OLD.status = 'joined'),
            undelivered = undelivered + NEW.undelivered - OLD.undelivered
        WHERE account_id = NEW.account_id;
    END
    """,
    """
    CREATE TRIGGER portal_access_removed AFTER DELETE ON portal_access BEGIN
        UPDATE account_tally SET invited = invited - (OLD.status = 'invited'),
            joined = joined - (OLD.status = 'joined'), undelivered = undelivered - OLD.undelivered
        WHERE account_id = OLD.account_id;
    END
    """,
)
_POSTGRESQL_BEFORE = (
    "DROP TRIGGER portal_access_tally ON portal_access",
    """
    CREATE OR REPLACE FUNCTION tally_portal_access() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            UPDATE account_tally SET invited = invited - (OLD.status = 'invited')::int,
                joined = joined - (OLD.status = 'joined')::int,
                undelivered = undelivered - OLD.undelivered::int
            WHERE account_id = OLD.account_id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO account_tally AS t (account_id, invited, joined, undelivered)
            VALUES (NEW.account_id, (NEW.status = 'invited')::int, (NEW.status = 'joined')::int,
                NEW.undelivered::int)
            ON CONFLICT (account_id) DO UPDATE SET invited = t.invited + excluded.invited,
                joined = t.joined + excluded.joined,
                undelivered = t.undelivered + excluded.undelivered;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER portal_access_tally
    AFTER INSERT OR DELETE OR UPDATE OF status, undelivered ON portal_access
    FOR EACH ROW EXECUTE FUNCTION tally_portal_access()
    """,
)

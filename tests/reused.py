"""A PostgreSQL database that is emptied after each test, which is quicker than to make it anew."""

from __future__ import annotations

from uuid import uuid4

import psycopg

from tests.servers import Postgres

_SHAPE = """
    SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_attribute),
        (SELECT count(*) FROM pg_trigger), (SELECT version_num FROM alembic_version)
"""
_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_EMPTY = """
    DO $$
    DECLARE
        one record;
        is_filled boolean;
    BEGIN
        -- Nothing fires, and no key is followed. TRUNCATE makes a table's files anew, which takes
        -- longer than to delete a few rows.
        SET LOCAL session_replication_role = replica;
        FOR one IN SELECT quote_ident(relname) AS name,
                reltuples >= 0 OR pg_relation_size(oid) > 1000000 AS is_measured_or_large
            FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                AND relname <> 'alembic_version'
        LOOP
            EXECUTE 'SELECT EXISTS (SELECT FROM ' || one.name || ')' INTO is_filled;
            IF is_filled AND one.is_measured_or_large THEN
                EXECUTE 'TRUNCATE ' || one.name || ' CASCADE';
            ELSIF is_filled THEN
                EXECUTE 'DELETE FROM ' || one.name;
            END IF;
        END LOOP;
        PERFORM setval(oid, 1, false) FROM pg_class WHERE relkind = 'S';
    END $$
"""


class Reused:
    """The database of one test process. What a migration writes must be nothing but tables."""

    def __init__(self, server: Postgres, template: str) -> None:
        self._server, self._template = server, template
        self._name = ""
        self._shape: tuple[object, ...] = ()

    def take(self) -> str:
        """Return the URL of an empty, migrated database."""
        if not self._name:
            self._name = f"test_{uuid4().hex[:12]}"
            url = self._server.create(self._name, self._template)
            with psycopg.connect(url) as connection:
                # Nothing is measured, so that no plan changes in the middle of a test.
                connection.execute(f"ALTER DATABASE {self._name} SET track_counts = off")
                self._shape = connection.execute(_SHAPE).fetchone() or ()
        return self._server.url(self._name)

    def give_back(self) -> None:
        """Empty it, whoever is connected; drop it when the test has changed its tables."""
        if not self._is_emptied():
            self.drop()

    def drop(self) -> None:
        if self._name:
            self._server.drop(self._name)
            self._name = ""

    def _is_emptied(self) -> bool:
        try:
            with psycopg.connect(self._server.url(self._name), autocommit=True) as connection:
                connection.execute(_OTHERS)
                if connection.execute(_SHAPE).fetchone() != self._shape:
                    return False
                connection.execute(_EMPTY)
        except psycopg.Error:
            return False
        return True

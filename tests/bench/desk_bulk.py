"""A database that is filled set by set: the two dialects, and indexes put away meanwhile."""

from __future__ import annotations

import re
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INNERMOST = re.compile(r"\{(\w+)(?::([^{}]*))?\}")


class Bulk(ABC):
    """One connection of its own. In statements `{at:…}`, `{date:…}`, `{json:…}`, `{random:…}` and
    `{uuid}` stand for what the dialect has for them, other words in braces for what is given."""

    says: Mapping[str, Callable[[str], str]]

    @classmethod
    def to(cls, url: str) -> Bulk:
        return Sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else Postgres(url)

    def run(self, statement: str, words: Mapping[str, str]) -> None:
        statement = statement.replace("{{", "\0").replace("}}", "\1")
        while True:
            said = _INNERMOST.sub(lambda found: self._say(found, words), statement)
            if said == statement:
                break
            statement = said
        self.execute(statement.replace("\0", "{").replace("\1", "}"))

    def _say(self, found: re.Match[str], words: Mapping[str, str]) -> str:
        name, inner = found[1], found[2] or ""
        return self.says[name](inner) if name in self.says else words[name]

    @abstractmethod
    def execute(self, statement: str) -> Any: ...

    @abstractmethod
    def time(self, at: datetime) -> Any: ...

    @abstractmethod
    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None: ...

    @abstractmethod
    @contextmanager
    def without_indexes(self, tables: Sequence[str]) -> Iterator[None]:
        """Put indexes and triggers away for the length of a `with` block, which is committed."""
        yield


class Sqlite(Bulk):
    says = {  # noqa: RUF012
        "at": lambda x: f"({x})",
        "date": lambda x: f"date(({x}) / 1000000, 'unixepoch')",
        "json": lambda x: x,
        "random": lambda x: f"randomblob({x})",
        "uuid": lambda _x: "lower(hex(randomblob(16)))",
    }

    def __init__(self, path: str) -> None:
        self.line = sqlite3.connect(path, isolation_level=None)

    def execute(self, statement: str) -> Any:
        return self.line.execute(statement).fetchall()

    def time(self, at: datetime) -> int:
        return (at - _EPOCH) // timedelta(microseconds=1)

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        self.line.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)

    @contextmanager
    def without_indexes(self, tables: Sequence[str]) -> Iterator[None]:
        for pragma in ("foreign_keys=OFF", "journal_mode=OFF", "cache_size=-1000000"):
            self.execute(f"PRAGMA {pragma}")
        put_away = self.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger')"
            " AND sql IS NOT NULL"
        )
        for kind, name, _sql in put_away:
            self.execute(f"DROP {kind} {name}")
        self.execute("BEGIN IMMEDIATE")
        yield
        self.execute("INSERT INTO contact_search (contact_search) VALUES ('rebuild')")
        for _kind, _name, made_again in put_away:
            self.execute(made_again)
        self.execute("COMMIT")
        self.execute("PRAGMA journal_mode=WAL")
        self.line.close()


class Postgres(Bulk):
    says = {  # noqa: RUF012
        "at": lambda x: f"(timestamptz 'epoch' + ({x}) * interval '1 microsecond')",
        "date": lambda x: f"(timestamp 'epoch' + ({x}) * interval '1 microsecond')::date",
        "json": lambda x: f"({x})::json",
        "random": lambda x: (
            f"decode(left(md5(random()::text) || md5(random()::text), 2*{x}), 'hex')"
        ),
        "uuid": lambda _x: "gen_random_uuid()",
    }

    def __init__(self, url: str) -> None:
        self.line = psycopg.connect(url, autocommit=True)

    def execute(self, statement: str) -> Any:
        found = self.line.execute(statement)  # type: ignore[call-overload]
        return found.fetchall() if found.description else []

    def time(self, at: datetime) -> datetime:
        return at

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        with self.line.cursor() as cursor:
            order = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with cursor.copy(order) as copy:  # type: ignore[arg-type]
                for row in rows:
                    copy.write_row(row)

    @contextmanager
    def without_indexes(self, tables: Sequence[str]) -> Iterator[None]:
        # Foreign keys are triggers here: none of either is asked.
        for setting in ("session_replication_role = replica", "work_mem = '256MB'",
                        "maintenance_work_mem = '512MB'"):  # fmt: skip
            self.execute(f"SET {setting}")
        put_back = [*self._without_uniques(tables), *self._without_plain_indexes(tables)]
        yield
        for statement in put_back:
            self.execute(statement)
        for table in tables:
            self._count_on(table)
        self.execute("VACUUM ANALYZE")
        self.line.close()

    def _without_uniques(self, tables: Sequence[str]) -> Iterator[str]:
        """Drop the unique constraints and yield how each is made again; keep the primary keys."""
        for name, table, definition in self.execute(
            "SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid)"
            f" FROM pg_constraint WHERE contype = 'u' AND conrelid IN ({_regclasses(tables)})"
        ):
            self.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            yield f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"

    def _without_plain_indexes(self, tables: Sequence[str]) -> Iterator[str]:
        for name, definition in self.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            f" WHERE NOT indisprimary AND indrelid IN ({_regclasses(tables)})"
        ):
            self.execute(f"DROP INDEX {name}")
            yield definition

    def _count_on(self, table: str) -> None:
        """Let the next row have the number after the last one."""
        has_sequence = self.execute(
            "SELECT 1 FROM information_schema.columns WHERE column_name = 'id'"
            f" AND table_name = '{table}' AND column_default LIKE 'nextval%'"
        )
        if has_sequence:
            self.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            )


def _regclasses(tables: Sequence[str]) -> str:
    return ", ".join(f"'{table}'::regclass" for table in tables)

"""One of the two desks that are compared: an account of so many contacts, alone in its database."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from flask import Flask
from sqlalchemy import text

from portal import schema
from portal.app import create_app
from portal.db import db
from portal.flows import seal_history
from portal.flows.open_account import open_account
from portal.flows.staff_access import make_staff_link
from portal.models import Account, Staff
from tests.bench.desk_bulk import Bulk
from tests.bench.desk_rows import fill
from tests.cast import Browser

OWNER = "ada@acme.example"


class Took(NamedTuple):
    """Milliseconds: of the processor, in this process and in the database's; and by the clock."""

    cpu: float
    wall: float


class Side:
    """*is_filled* takes the database as an earlier run has left it."""

    def __init__(self, url: str, count: int, smtp_port: int, *, is_filled: bool = False) -> None:
        self.url, self.count = url, count
        self._home = tempfile.TemporaryDirectory(prefix="portico-desk-")
        self.app = _app(self._home.name, url, smtp_port)
        if not is_filled:
            self._fill()
        with self.app.app_context():
            token = make_staff_link(OWNER)
        self.browser = self.new_browser()
        self.browser.opens(f"/admin/in/{token}").presses("Sign in").sees("Client Portal")
        self.admin = f"{self.browser.base}/admin/acme/"

    def new_browser(self) -> Browser:
        return Browser(self.app)

    def asks(self, path: str) -> Took:
        """Open a page of the desk; nothing of the browser's work is counted."""
        return self.timed(lambda: self._get(path))

    def timed(self, act: Callable[[], object]) -> Took:
        backends = self._backends()
        cpu, wall = time.process_time() + _spent(backends), time.perf_counter()
        act()
        wall = time.perf_counter() - wall
        cpu = time.process_time() + _spent(backends) - cpu
        return Took(cpu * 1000, wall * 1000)

    def value(self, query: str, **given: Any) -> Any:
        with self.app.app_context():
            found = db.session.execute(text(query), given).scalar()
            db.session.rollback()
            return found

    def values(self, query: str, **given: Any) -> list[Any]:
        with self.app.app_context():
            found = list(db.session.scalars(text(query), given))
            db.session.rollback()
            return found

    def change(self, statement: str) -> None:
        with self.app.app_context():
            db.session.execute(text(statement))
            db.session.commit()

    def people(self) -> tuple[Account, Staff]:
        """Return the account and its owner; in an application context."""
        account, owner = Account.by_slug("acme"), Staff.by_email(OWNER)
        assert account
        assert owner
        return account, owner

    def _get(self, path: str) -> None:
        answer = self.browser.http.get(self.admin + path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"

    def _fill(self) -> None:
        with self.app.app_context():
            schema.move(db.engine)
            open_account("Acme", slug="acme", owner_email=OWNER, owner_name="Ada Byron")
            _add_tags()
            db.session.remove()
            db.engine.dispose()
        started = time.perf_counter()
        fill(Bulk.to(self.url), self.count)
        with self.app.app_context():
            seal_history.adopt()
        rows = sum(self.value(f"SELECT count(*) FROM {name}") for name in ("delivery", "event"))
        print(
            f"{self.count:,} contacts, {rows:,} deliveries and events, written in "
            f"{time.perf_counter() - started:.0f} s"
        )

    def _backends(self) -> list[int]:
        """Return the processes of the database that work for this side and for nobody else."""
        if self.url.startswith("sqlite"):
            return []
        if not hasattr(self, "_line"):
            self._line = psycopg.connect(self.url, autocommit=True)
        found = self._line.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return [row[0] for row in found]


def _app(home: str, url: str, smtp_port: int) -> Flask:
    return create_app(
        home=home,
        url="http://127.0.0.1:8000",
        database_url=url,
        smtp_url=f"smtp://127.0.0.1:{smtp_port}?starttls=never",
        mail_from="portal@acme.example",
        limits="off",
        undo_one=0,
        undo_bulk=0,
    )


def _add_tags() -> None:
    for number, name in ((1, "Half"), (2, "Few")):
        db.session.execute(
            text("INSERT INTO tag (id, account_id, name, key) VALUES (:id, 1, :name, :key)"),
            {"id": number, "name": name, "key": name.lower()},
        )
    db.session.commit()


def _spent(backends: list[int]) -> float:
    """Return the seconds that these processes have had a processor for."""
    nanoseconds = 0
    for pid in backends:
        with suppress(FileNotFoundError):
            nanoseconds += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    return nanoseconds / 1e9

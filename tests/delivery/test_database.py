"""What the database promises: durable, honest about time, and left alone by whoever only reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from portal.db import UtcDateTime, db, now
from portal.models.contact import Contact
from portal.models.rate_count import RateCount
from tests.cast import Client, Staff, Stranger, World

WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "SELECT NEXTVAL")


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Collect what the app says to its database; of SQLite's, what its own driver hears."""
    said: list[str] = []

    def hear(statement: str) -> None:
        said.append(" ".join(statement.split()))

    def listen(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        hear(statement)

    def tap(driver: Any, *_rest: Any) -> None:
        driver.set_trace_callback(hear)

    with app.app_context():
        engine = db.engine
    name, listener = ("checkout", tap) if _is_sqlite(app) else ("before_cursor_execute", listen)
    event.listen(engine, name, listener)
    try:
        yield said
    finally:
        event.remove(engine, name, listener)
        engine.dispose()


def _is_sqlite(app: Flask) -> bool:
    with app.app_context():
        return db.engine.dialect.name == "sqlite"


def test_sqlite_is_durable_and_keeps_its_references(app: Flask) -> None:
    if not _is_sqlite(app):
        with app.app_context(), db.engine.connect() as connection:
            level = connection.exec_driver_sql("SHOW transaction_isolation").scalar()
        assert level == "read committed"
        return
    with app.app_context():
        for _ in range(2):  # each new connection
            db.engine.dispose()
            with db.engine.connect() as connection:
                pragmas = {
                    name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                    for name in ("journal_mode", "synchronous", "foreign_keys")
                }
            assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_contact_of_no_account_is_refused(app: Flask) -> None:
    nobodys = {"account_id": 999, "email": "a@b.example", "email_norm": "a@b.example", "name": ""}
    with app.app_context(), pytest.raises(IntegrityError):
        db.session.execute(insert(Contact).values(**nobodys))


def test_readers_begin_deferred_and_writers_immediate(
    world: World, ada: Staff, carl: Client
) -> None:
    if not _is_sqlite(world.app):
        with statements(world.app) as said:
            ada.at()
        assert not [one for one in said if one.startswith(("BEGIN", "LOCK"))]
        return
    with statements(world.app) as said:
        ada.at("contacts/")
        ada.browser.asks("HEAD", "/admin/acme/")
        carl.opens("/p/acme/")
    assert {one for one in said if one.startswith("BEGIN")} == {"BEGIN"}
    with statements(world.app) as said:
        ada.browser.asks("POST", "/admin/acme/invitations/new", data={"who": carl.email})
        world.worker.drains()
    assert "BEGIN" not in said
    assert "BEGIN IMMEDIATE" in said


def test_times_come_back_as_they_were_and_in_order(app: Flask) -> None:
    """Text would put 10:00:00.5 before 10:00:00; another zone's noon is not ours."""
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    times = [
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        noon - timedelta(microseconds=1),
        noon,
        noon + timedelta(microseconds=1),
        noon + timedelta(milliseconds=500),
        datetime(2026, 3, 1, 13, 0, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 3, 1, 7, 0, 2, tzinfo=timezone(timedelta(hours=-5))),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ]
    with app.app_context():
        for number, at in enumerate(reversed(times)):
            db.session.add(RateCount(key=bytes([number]), count=1, ends_at=at))
        db.session.commit()
        found = list(db.session.scalars(select(RateCount.ends_at).order_by(RateCount.ends_at)))
        later = db.session.scalars(select(RateCount.ends_at).where(RateCount.ends_at > noon))
        assert found == times
        assert all(at.tzinfo is UTC for at in found)
        assert len(list(later)) == 5


def test_a_time_without_a_zone_is_refused(app: Flask) -> None:
    with app.app_context():
        naive = now().replace(tzinfo=None)
        with pytest.raises(StatementError, match="naive"):
            db.session.scalar(select(RateCount.key).where(RateCount.ends_at > naive))
        db.session.rollback()
        with pytest.raises(TypeError, match="naive"):
            UtcDateTime().process_bind_param(naive, db.engine.dialect)


def test_get_writes_nothing_on_any_page(
    world: World, ada: Staff, carl: Client, mallory: Stranger
) -> None:
    ada.invites(carl.email)
    link = carl.letter().link
    carl.opens(link).presses("Sign in")
    ada.sends_login_email(carl.email)
    unused = carl.letter().link
    contact = ada.id_of(carl.email)
    paths = [
        _path(rule, contact_id=contact, token=unused.rpartition("/")[2])
        for rule in world.app.url_map.iter_rules()
        # Gateways report by GET too: what they call is no page, and does write.
        if "GET" in (rule.methods or ()) and not rule.rule.startswith("/hooks/")
    ]
    assert len(paths) > 20
    mallory.opens(unused).sees("c•••@carter.example")

    def look_at_all() -> None:
        for path in [*paths, mallory.opens(unused).path]:
            for who in (ada.browser, carl.browser, mallory.browser):
                for method in ("GET", "HEAD", "OPTIONS"):
                    with who.asks(method, path) as answer:
                        # No worker is alive here, and /readyz says so.
                        assert answer.status_code < 500 or path == "/readyz", path

    with statements(world.app) as said:
        look_at_all()
    tables = {one.split()[2 if "INTO" in one else 1] for one in said if _is_write(one)}
    noted = {"event", "support_code", "portal_access"}
    assert tables <= noted, "who was turned away, the code for support, and who has opened a link"
    with statements(world.app) as said:
        look_at_all()
    assert [one for one in said if _is_write(one)] == [], "and that once"


def _is_write(statement: str) -> bool:
    return statement.upper().startswith(WRITES)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_page_is_answered_though_its_note_cannot_be_written(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mail scanners open links while something else writes: nobody may see an error."""
    monkeypatch.setattr("portal.db.BUSY_SECONDS", 0.1)
    world = make_world()
    ada = Staff(world, "ada@acme.example", "acme").signs_in()
    carl = Client(world, "carl@carter.example", "acme")
    ada.invites(carl.email)
    link = carl.letter().link
    with world.app.app_context(), db.engine.connect() as other:
        other.exec_driver_sql("SELECT 1")  # begins IMMEDIATE: nobody else may write
        carl.opens(link).sees("c•••@carter.example")
    carl.opens(link).presses("Sign in").sees("Welcome to Acme")


def _path(rule: Any, **given: Any) -> str:
    values = {
        name: given.get(name, {"slug": "acme", "filename": "css/base.css"}.get(name, "1"))
        for name in rule.arguments
    }
    built = rule.build(values, append_unknown=False)
    assert built is not None, rule
    return str(built[1])

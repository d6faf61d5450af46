"""The outbox in numbers: right, and at the same cost however many rows there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from portal import outbox_report
from portal.db import db, now
from portal.flows.magic_link import generate
from portal.models import Account, ChannelSetting, Contact, Delivery, Staff, outbox_figures
from portal.models.delivery import Status
from portal.models.magic_link import MagicLink
from portal.models.outbox_figures import figures, sent
from tests.models.acme import account_at, add, inside, opened

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Outbox:
    """Deliveries of one account, put there as if they had gone their way."""

    def __init__(self, account: Account) -> None:
        self.account = account
        contact = add(account, ("Carl", f"carl@{account.slug}.example"))[0]
        self.link, self.contact = _link(account, contact), contact

    def owes(self, count: int, *, late: timedelta = -HOUR, status: str = "queued") -> None:
        self._put(count, status=status, due_at=now() - late)

    def had(self, count: int, status: str, *, ago: timedelta, cause: str = "") -> None:
        self._put(count, status=status, finished_at=now() - ago, cause=cause)

    def _put(self, count: int, **values: Any) -> None:
        common = {
            "account_id": self.account.id,
            "contact_id": self.contact.id,
            "link_id": self.link.id,
            "channel": "email",
            "kind": "invite",
            "deadline_at": now() + DAY,
        }
        db.session.add_all(Delivery(**{**common, **values}) for _ in range(count))
        db.session.commit()


def _link(account: Account, contact: Contact) -> MagicLink:
    owner = Staff.by_email("ada@acme.example")
    assert owner
    generate(account, contact, by=owner, link_id=uuid4())
    return db.session.scalars(db.select(MagicLink).where(MagicLink.contact_id == contact.id)).one()


@pytest.fixture
def outboxes(app: Flask) -> Iterator[tuple[Outbox, Outbox]]:
    opened(app)
    opened(app, slug="birch")
    with inside(app) as acme:
        yield Outbox(acme), Outbox(account_at("birch"))


def test_the_numbers_are_those_of_the_rows(outboxes: tuple[Outbox, Outbox]) -> None:
    acme, birch = outboxes
    before = figures().depth[Status.QUEUED]
    acme.owes(3)
    acme.owes(2, status="sending")
    birch.owes(1, late=5 * MINUTE)
    acme.had(2, "bounced", ago=HOUR, cause="no_mailbox")
    birch.had(1, "failed", ago=HOUR, cause="spam")
    birch.had(4, "failed", ago=25 * HOUR, cause="spam")
    acme.had(1, "sent", ago=MINUTE / 2)
    acme.had(1, "delivered", ago=2 * MINUTE)
    birch.had(5, "sent", ago=30 * MINUTE)
    birch.had(5, "sent", ago=2 * HOUR)
    acme.had(5, "cancelled", ago=MINUTE / 2)
    found = figures()
    assert (before, dict(found.depth)) == (0, {"queued": 4, "sending": 2})
    assert abs(found.oldest_age - 5 * MINUTE) < timedelta(seconds=20)
    assert dict(found.failures) == {("bounced", "no_mailbox"): 2, ("failed", "spam"): 1}
    assert dict(sent()) == {1: 1, 5: 2, 60: 7 + _copied()}
    assert dict(figures(acme.account.id).depth) == {"queued": 3, "sending": 2}
    assert figures(acme.account.id).oldest_age == timedelta()
    assert dict(figures(acme.account.id).failures) == {("bounced", "no_mailbox"): 2}
    assert sent(birch.account.id)[60] == 5


def _copied() -> int:
    """Magic links that were copied are deliveries, too; here none was finished by a worker."""
    return 0


def test_paused_channels_are_counted_by_account(outboxes: tuple[Outbox, Outbox]) -> None:
    acme, birch = outboxes
    for outbox in outboxes:
        setting = ChannelSetting.find_or_add(outbox.account.id, "email")
        setting.fail("sign_in", "535 no")
    db.session.commit()
    assert dict(figures().paused) == {("email", "sign_in"): 2}
    assert dict(figures(birch.account.id).paused) == {("email", "sign_in"): 1}
    assert acme.account.id != birch.account.id


def test_a_count_stops_and_says_so(
    outboxes: tuple[Outbox, Outbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_figures._first_rows, "__defaults__", (3,))
    monkeypatch.setattr(outbox_report, "MOST", 3)
    outboxes[0].owes(5)
    found = outbox_report.report()
    assert found["depth"]["queued"] == 3
    assert found["is_at_least"]
    assert any(line.startswith("Owed          3+ queued") for line in outbox_report.lines(found))


def test_every_number_is_read_from_an_index(outboxes: tuple[Outbox, Outbox]) -> None:
    """Both databases need to see in the statement itself that the index fits."""
    outboxes[0].owes(1)
    db.session.rollback()
    for account_id in (None, outboxes[0].account.id):
        with statements() as seen:
            figures(account_id)
            sent(account_id)
        assert len(seen) == 6
        for statement, parameters in seen:
            plan = explain(statement, parameters)
            assert "ix_delivery_" in plan or "ix_channel_setting_" in plan, (statement, plan)
            assert "Seq Scan" not in plan, (statement, plan)
            assert "10000" in statement or "LIMIT 1" in statement, statement


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        seen.append((statement, parameters))

    db.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        db.event.remove(db.engine, "before_cursor_execute", note)


def explain(statement: str, parameters: Any) -> str:
    """On PostgreSQL, with the few rows of a test, it must be asked not to read them all."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            return "\n".join(str(row[3]) for row in rows)
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).all()
        return "\n".join(str(row[0]) for row in rows)

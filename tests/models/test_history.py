"""The history is read page by page, latest first, whoever writes meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine
from flask import Flask

from portal.db import atomic, now
from portal.models import Event
from portal.models.event import PAGE
from tests.models.acme import account_at, add, inside, opened

START = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)


@atomic
def record(contact_id: int, number: int) -> None:
    Event.record(
        "sent", account_id=account_at("acme").id, contact_id=contact_id, detail={"n": number}
    )


def test_pages_of_a_timeline_hold_each_line_once(app: Flask) -> None:
    """Several lines share a microsecond; new ones come while the pages are turned."""
    opened(app)
    total = 2 * PAGE + 11
    with inside(app) as acme, time_machine.travel(START, tick=False) as clock:
        carl, dora = add(acme, ("Carl", "carl@carter.example"), ("Dora", "dora@dale.example"))
        record(dora.id, 0)
        for number in range(total):
            record(carl.id, number)
            if number % 7 == 0:
                clock.shift(timedelta(milliseconds=125))
        seen: list[int] = []
        before = None
        for _page in range(4):
            lines = Event.timeline(carl.id, before=before)
            seen += [line.detail["n"] for line in lines]
            if len(lines) < PAGE:
                break
            before = (lines[-1].at, lines[-1].id)
            clock.shift(timedelta(seconds=1))
            record(carl.id, 1000 + len(seen))
    assert seen == list(reversed(range(total)))


def test_the_overview_shows_headlines_of_its_own_account(app: Flask) -> None:
    opened(app)
    opened(app, slug="birch")
    with inside(app) as acme:
        for slug in ("birch", "acme"):
            note(slug, "invited")
            note(slug, "sent")
        found = Event.recent(acme.id, size=5)
        assert [line.kind for line in found] == ["invited"]
        assert found[0].at <= now()


@atomic
def note(slug: str, kind: str) -> None:
    Event.record(kind, account_id=account_at(slug).id)

"""What is noted beside a page is written soon, in order, and without troubling anybody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from portal.db import db
from portal.models.event import Event
from portal.models.rate_count import RateCount
from portal.notes import Notes, note
from tests.faults.ledger import LINK
from tests.live import Portico
from tests.surfer import Owner, Surfer
from tests.wait import wait_for


def count(connection: Connection, names: list[str]) -> None:
    for name in names:
        RateCount.hit(name, timedelta(hours=1), on=connection)


def fail(connection: Connection, _items: list[str]) -> None:
    raise OperationalError("a note", None, ValueError("the disk is full"))


def counted(app: Flask, name: str) -> int:
    with app.app_context():
        return RateCount.read(name)[0]


def test_where_nobody_gathers_notes_they_are_written_at_once(app: Flask) -> None:
    with app.app_context():
        note(count, "seen")
        assert RateCount.read("seen")[0] == 1


def test_notes_are_written_soon_and_one_that_fails_takes_no_other_with_it(app: Flask) -> None:
    Notes(app)
    with app.app_context():
        for _ in range(3):
            note(count, "seen")
            note(fail, "")
    wait_for(lambda: counted(app, "seen") == 3)


def stumble(connection: Connection, _items: list[str]) -> None:
    raise RuntimeError("no fault of the database")


def test_a_note_that_fails_otherwise_does_not_end_the_writing(app: Flask) -> None:
    Notes(app)
    with app.app_context():
        note(stumble, "")
        note(count, "seen")
        wait_for(lambda: counted(app, "seen") == 1)
        note(count, "seen")
    wait_for(lambda: counted(app, "seen") == 2)


def test_notes_beyond_what_may_wait_are_left_out(
    app: Flask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.notes.WAITING_AT_MOST", 2)
    gatherer = Notes(app)
    with gatherer._writing, app.app_context():
        for _ in range(4):
            note(count, "seen")
    wait_for(lambda: counted(app, "seen") == 2)
    assert "A note is left out" in caplog.text


def test_a_web_process_that_is_stopped_writes_what_it_has_noted(
    portico: Callable[..., Portico], make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    running = portico(PORTAL_HOME=str(tmp_path))
    Owner(running).invites("carl.carter@carter-joinery.example").sees("is on its way")
    letter = wait_for(lambda: next((tmp_path / "mailbox").glob("*.eml"), None)).read_bytes()
    link = LINK.search(letter)
    assert link
    Surfer(running.url).opens(link[0].decode()).is_status(200)
    running.stop()
    with make_app(home=tmp_path, database_url=f"sqlite:///{tmp_path}/portal.db").app_context():
        kinds = list(db.session.scalars(db.select(Event.kind)))
    assert kinds.count("opened") == 1

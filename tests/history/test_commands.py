"""`portal audit`, what the doctor says of the history, and the sweep that seals it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from portal import worker
from portal.db import now
from portal.doctor.history import sealed
from tests.cli.conftest import Command, complains, home, portal
from tests.history.conftest import Books

__all__ = ["home", "portal"]  # fixtures of the command's own tests


def test_an_operator_verifies_the_history(portal: Command, home: Path) -> None:
    assert portal("migrate").returncode == 0
    made = portal("account", "create", "Birch", "--owner", "bea@birch.example")
    assert made.returncode == 0, made.stderr
    with closing(sqlite3.connect(home / "portal.db")) as database:
        moved = "UPDATE event_cursor SET began_at = began_at"
        assert database.execute(moved).rowcount == 1, "begun with the tables"
    fresh = portal("audit", "verify")
    assert (fresh.returncode, fresh.stderr) == (0, "")
    assert "birch: 0 events verified; 2 not sealed yet." in fresh.stdout
    assert "Sealed since" in fresh.stdout
    with closing(sqlite3.connect(home / "portal.db")) as database, database:
        database.execute("UPDATE event SET kind = 'nothing' WHERE id = 1")
    forged = portal("audit", "verify", "--account", "birch")
    assert forged.returncode == 1
    assert "birch: Event 1 (nothing, " in forged.stdout
    assert "put in: the portal did not write it." in forged.stdout
    assert portal("audit", "adopt", "--yes").stdout == "Taken as it stands, in 1 account.\n"
    assert portal("audit", "verify").returncode == 0
    complains(portal("audit", "verify", "--noted", "1-00"), "Say whose, with --account")


def test_the_sweep_seals_and_the_doctor_looks(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    books.writes("eight")
    assert books.verifies().accounts[1].waiting == 1
    with books.app.app_context(), time_machine.travel(now() + timedelta(seconds=3)):
        worker.sweep()
    assert books.verifies().accounts[1].waiting == 0
    assert said(books) == [("good", "Sealed, and the newest seals fit.")]
    books.writes("nine")
    assert [level for level, _words in said(books)] == ["good"]
    assert said(books, later=150) == [
        ("bad", "An event has waited for its seal for 2 min. Workers seal: see theirs.")
    ]
    with books.put_back():
        books.runs("UPDATE event SET kind = 'other' WHERE id = 8")
        assert said(books) == [("bad", said(books)[0][1])]
        assert "was altered" in said(books)[0][1]
    with books.put_back():
        books.runs("DELETE FROM event_seal WHERE account_id = 1 AND number = 4")
        assert "4 seals are signed for, and the last one here is 3" in said(books)[0][1]
    with books.put_back():
        books.runs("UPDATE event SET kind = 'forged' WHERE kind = 'nine'")
        books.seals()
        assert ("note", "1 event put in that the portal did not write. See where:") in said(books)
    books.runs("UPDATE event_cursor SET refused = 5")
    assert "was not signed" in said(books)[0][1]
    with books.app.app_context(), time_machine.travel(now() + timedelta(seconds=9)):
        worker.sweep()
    assert "The place up to which the history is sealed was not signed" in caplog.text
    books.runs("DELETE FROM event_cursor")
    assert "portal audit adopt" in said(books)[0][1]


def said(books: Books, later: int = 0) -> list[tuple[str, str]]:
    with books.app.app_context(), time_machine.travel(now() + timedelta(seconds=later)):
        return [(one.level, one.detail) for one in sealed()]

"""Whoever holds the database but not the keys cannot change the history unseen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from portal.db import atomic, db, now
from portal.flows.seal_history import HistoryError, adopt, seal, sign_anew
from portal.models import Contact, Event, Staff
from portal.models.event_cursor import MOST_GAPS, Place
from tests.history.conftest import Books, record
from tests.models.acme import account_at, add, opened

KEYS = {"old": "o" * 40, "new": "n" * 40}


def test_a_history_nobody_touched_is_whole(books: Books) -> None:
    verdict = books.verifies()
    assert verdict.is_whole, books.fault()
    assert [(one.events, one.number, one.waiting) for one in verdict.accounts.values()] == [
        (7, 3, 0),
        (2, 1, 0),
    ]
    books.writes("eight")
    assert books.verifies("acme").accounts[1].waiting == 1
    assert books.seals() == 1
    assert books.seals() == 0, "nothing is sealed twice"
    assert books.verifies("acme").accounts[1].events == 8
    name = books.verifies("acme").accounts[1].name
    assert name.startswith("4-")
    assert books.verifies("acme", noted=name).is_whole, "a seal that somebody noted down"
    for other in ("4-0000000000000000", "5-" + name[2:], name[:-1], "x", "4-"):
        assert not books.verifies("acme", noted=other).is_whole, other


TAMPERINGS = {
    "a removed row": ("DELETE FROM event WHERE id = 2", "Event 2 is gone"),
    "the last row": ("DELETE FROM event WHERE id = 9", "Event 9 is gone"),
    "another kind": ("UPDATE event SET kind = 'two and a half' WHERE id = 3", "Event 3 (two and a"),
    "another detail": ('UPDATE event SET detail = \'{"reason": ""}\' WHERE id = 4', "Event 4 (thr"),
    "another author": ("UPDATE event SET actor = 'client' WHERE id = 3", "Event 3 (two"),
    "another account": ("UPDATE event SET account_id = 2 WHERE id = 3", "Event 3 (two"),
    "another number": ("UPDATE event SET id = 90 WHERE id = 3", "Event 3 is gone"),
    "no proof": ("UPDATE event SET proof = NULL WHERE id = 3", "Event 3 (two"),
    "a removed seal": ("DELETE FROM event_seal WHERE number = 2", "Seal 2 is gone"),
    "the first seal": ("DELETE FROM event_seal WHERE id = 1", "Seal 1 is gone"),
    "the last seal": (
        "DELETE FROM event_seal WHERE number = 3",
        "3 seals are signed for, and the last one here is 2",
    ),
    "an altered seal": (
        "UPDATE event_seal SET sealed_at = (SELECT sealed_at FROM event_seal WHERE id = 1) "
        "WHERE id = 2",
        "Seal 2, of events 4 to 5, was altered",
    ),
    "no end": ("DELETE FROM event_chain WHERE account_id = 1", "0 seals are signed for"),
    "an end put back": ("UPDATE event_chain SET number = 2 WHERE account_id = 1", "was not signed"),
    "a line put in": (
        "INSERT INTO event (id, account_id, actor, kind, detail, request_id, at) "
        "SELECT 77, account_id, actor, 'forged', detail, request_id, at FROM event WHERE id = 3",
        "Event 77 (forged",
    ),
    "a line put where a number was free": (
        "UPDATE event SET id = 0, kind = 'forged' WHERE id = 9",
        "Event 0 (forged",
    ),
    "the place moved": ("UPDATE event_cursor SET through = 2", "was not signed"),
    "no place": ("DELETE FROM event_cursor", "The history is not sealed"),
}


OF_ALL = ("no place", "another account", "the place moved")


def test_what_was_done_to_it_is_found_and_named(books: Books) -> None:
    for how, (statement, words) in TAMPERINGS.items():
        with books.put_back():
            assert books.runs(statement) >= 1, how
            assert words in books.fault(), how
            if how not in OF_ALL:
                assert books.verifies("birch").accounts[2].fault == "", how
        assert books.fault() == "", how
    reordered_seals_and_rows_are_found(books)
    all_of_an_account_taken_away_is_found(books)
    whoever_seals_does_not_sign_for_a_forged_end(books)


def reordered_seals_and_rows_are_found(books: Books) -> None:
    swap = "UPDATE event_seal SET number = {} WHERE number = {} AND account_id = 1"
    with books.put_back():
        for to, was in ((99, 1), (1, 2), (2, 99)):
            books.runs(swap.format(to, was))
        assert "Seal 1 is gone" in books.fault("acme")
    with books.put_back():
        for to, was in ((99, 2), (2, 3), (3, 99)):
            books.runs(f"UPDATE event SET id = {to} WHERE id = {was}")
        assert books.fault().startswith("Event 2 (two")


def all_of_an_account_taken_away_is_found(books: Books) -> None:
    with books.put_back():
        for table in ("event_chain", "event_seal", "event"):
            books.runs(f"DELETE FROM {table} WHERE account_id = 2")
        assert "The histories of 2 accounts were sealed, and 1 are here" in books.fault()
        books.writes("five again", slug="birch")
        books.seals()
        assert "The histories of 3 accounts were sealed, and 2 are here" in books.fault()


def whoever_seals_does_not_sign_for_a_forged_end(books: Books) -> None:
    """Or the next round would make good what somebody had changed."""
    books.runs("UPDATE event_chain SET digest = :zero WHERE account_id = 1", zero=bytes(32))
    books.writes("eight")
    with pytest.raises(HistoryError, match="end of an account's history"):
        books.seals()
    books.runs("UPDATE event_cursor SET refused = 1")
    with pytest.raises(HistoryError, match="The place up to which"):
        books.seals()


def test_a_line_that_the_portal_did_not_write_is_never_sealed(books: Books) -> None:
    """Neither one that was made up, nor a second one like one that it wrote."""
    names = "account_id, actor, {}, detail, request_id, at, subject_id, author_id, proof"
    for kind in ("'forged'", "kind"):
        with books.put_back():
            books.runs(
                f"INSERT INTO event (id, {names.format('kind')}) "
                f"SELECT 500, {names.format(kind)} FROM event WHERE id = 8"
            )
            assert "Event 500" in books.fault()
            assert books.seals() == 1
            assert "Event 500" in books.fault()
            assert books.asks("SELECT refused FROM event_cursor") == 1
            books.writes("eight")
            books.seals()
            assert "Event 500" in books.fault()
            books.runs("DELETE FROM event WHERE id = 500")
            assert books.fault() == "", "what is genuine was sealed all the same"


def test_keys_can_be_changed_and_old_ones_taken_away(
    make_app: Callable[..., Flask], books: Books
) -> None:
    old = books.app.config["PORTAL_SETTINGS"].secret_keys[0]
    both, new = (Books(make_app(secret_keys=keys)) for keys in ((KEYS["new"], old), (KEYS["new"],)))
    assert "was not signed" in new.fault()
    assert both.fault() == ""
    both.writes("eight")
    both.seals()
    assert "was not signed" in new.fault(), "Birch's end is signed with the old key alone"
    with both.app.app_context():
        assert sign_anew() == 2
    assert new.fault() == ""
    assert new.verifies("acme").accounts[1].events == 8
    new.runs("UPDATE event SET kind = 'altered' WHERE id = 2")
    assert "Event 2" in new.fault(), "the chain holds what the old key had proven"


def test_history_from_before_there_were_seals_is_sealed_as_it_is_found(app: Flask) -> None:
    opened(app)
    books = Books(app)
    books.writes("one", "two")
    books.runs("UPDATE event SET proof = NULL")
    with app.app_context():
        adopt()
    assert books.seals() == 4
    assert books.fault() == ""
    books.runs("UPDATE event SET kind = 'altered' WHERE id = 2")
    assert "Event 2" in books.fault()
    with app.app_context():
        adopt()
    books.seals()
    assert books.fault() == "", "an operator may take it as it stands"
    assert books.asks("SELECT count(*) FROM event WHERE kind = 'history_adopted'") == 2


def test_writers_that_end_late_or_not_at_all_are_waited_for(books: Books) -> None:
    books.writes("eight")
    with books.app.app_context():
        assert seal() == 0, "it is too young"
        with pytest.raises(RuntimeError):
            take_back()
    books.writes("ten")
    assert books.seals() == 2
    if "sqlite" in books.app.config["PORTAL_SETTINGS"].database_url:
        assert books.asks("SELECT gaps FROM event_cursor") == "[]", "it has one writer at a time"
    else:
        a_transaction_with_a_smaller_number_ends_later(books)
    two_who_seal_at_once_seal_each_event_once(books)


def a_transaction_with_a_smaller_number_ends_later(books: Books) -> None:
    began, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        with books.app.app_context():
            write_slowly(began, may_end)

    writer = threading.Thread(target=slow)
    writer.start()
    assert began.wait(10)
    books.writes("after it")
    assert books.seals() == 1
    assert books.fault() == ""
    may_end.set()
    writer.join()
    assert books.verifies().accounts[1].waiting == 1, "it is no stranger"
    assert books.seals() == 1
    assert books.fault() == ""


@atomic
def write_slowly(began: threading.Event, may_end: threading.Event) -> None:
    Event.record("before it", account_id=1)
    began.set()
    assert may_end.wait(10)


@atomic
def take_back() -> None:
    Event.record("never", account_id=1)
    raise RuntimeError("taken back")


def two_who_seal_at_once_seal_each_event_once(books: Books) -> None:
    books.writes(*(f"n{number}" for number in range(40)))
    start, taken = threading.Barrier(2), list[int]()

    def work() -> None:
        start.wait()
        with books.app.app_context():
            taken.append(seal(15))

    with time_machine.travel(now() + timedelta(seconds=3)):
        for _round in range(3):
            threads = [threading.Thread(target=work) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert books.seals() + sum(taken) == 40
    assert books.fault() == ""


def test_a_place_remembers_what_it_passed() -> None:
    at = now()
    place = Place(0, 0, 0, 0, [], at).moved([2, 3, 7], at)
    assert [gap[:2] for gap in place.gaps] == [[1, 1], [4, 6]]
    assert place.awaits(5)
    assert not place.awaits(3)
    assert [gap[:2] for gap in place.moved([5, 9], at).gaps] == [[1, 1], [4, 4], [6, 6], [8, 8]]
    assert place.moved([9], at + timedelta(days=2)).gaps[-1][:2] == [8, 8]
    assert len(place.moved([9], at + timedelta(days=2)).gaps) == 1
    assert len(place.moved(range(10, 10_000, 2), at).gaps) == MOST_GAPS


def test_who_is_gone_leaves_lines_that_fit(books: Books) -> None:
    whoever_did_it_stays_written_down(books)
    with books.app.app_context():
        (carl,) = add(account_at("acme"), ("Carl", "carl@carter.example"))
        contact_id = carl.id
        record(account_at("acme"), "invited", contact_id=contact_id, detail={"reply": "550 carl@"})
    books.seals()
    books.runs("UPDATE event SET contact_id = NULL WHERE kind = 'invited'")
    assert "it shows somebody else, or nothing" in books.fault()
    books.runs("UPDATE event SET contact_id = subject_id WHERE kind = 'invited'")
    with books.app.app_context():
        erase(contact_id)
    assert "it shows somebody else, or nothing" in books.fault(), "while the contact is there"
    assert "carl@" not in str(books.asks("SELECT detail FROM event WHERE kind = 'invited'"))
    with books.app.app_context():
        delete(contact_id)
    assert books.fault() == ""
    assert books.asks("SELECT count(*) FROM event WHERE kind = 'invited'") == 1
    books.runs("UPDATE event SET kind = 'never' WHERE kind = 'invited'")
    assert "(never" in books.fault(), "all but the detail is proven as before"


@atomic
def erase(contact_id: int) -> None:
    Event.erase_details(contact_id)


@atomic
def delete(contact_id: int) -> None:
    db.session.execute(db.delete(Contact).where(Contact.id == contact_id))


def whoever_did_it_stays_written_down(books: Books) -> None:
    with books.app.app_context():
        staff = db.session.scalars(db.select(Staff)).first()
        assert staff
        record(account_at("acme"), "eight", by=staff)
    books.seals()
    books.runs("UPDATE event SET staff_id = NULL WHERE kind = 'eight'")
    assert "it shows somebody else, or nothing" in books.fault()
    books.runs("UPDATE event SET author_id = NULL WHERE kind = 'eight'")
    assert "(eight" in books.fault()
    books.runs("UPDATE event SET author_id = :id, staff_id = :id WHERE kind = 'eight'", id=staff.id)
    assert books.fault() == ""

"""Verify the history: that every event that was sealed is still there, as it was written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.engine import Connection

from portal.db import db, now, reads_only
from portal.models import event_proof, event_stored
from portal.models.account import Account
from portal.models.event_chain import EventChain, Head
from portal.models.event_cursor import EventCursor, Place
from portal.models.event_seal import GENESIS, LEAF_BYTES, EventSeal, Seal
from portal.models.event_stored import Stored

SEALS_AT_ONCE = 50
EVENTS_AT_ONCE = 5_000
BEFORE_ALL = -(2**63)
"""No event has such a number, but somebody may have put one in with a number below 1."""
LATEST = 20
"""Seals that a quick look goes through."""
NOT_BEGUN = (
    "The history is not sealed, or its seals were taken away. If you know why, take it as it "
    "stands: portal audit adopt"
)
NOT_OURS = (
    "was not signed with one of PORTAL_SECRET_KEYS: it was changed, or the key is gone. Put the "
    "old key back and verify again."
)


@dataclass
class Found:
    """What was found in one account. *fault* names the first thing that does not fit, and
    *fault_at* the event where that is."""

    account_id: int
    events: int = 0
    number: int = 0
    digest: bytes = GENESIS
    name: str = ""
    until: datetime | None = None
    waiting: int = 0
    fault: str = ""
    fault_at: int = 0

    def blame(self, event_id: int, words: str) -> None:
        if not self.fault or event_id < self.fault_at:
            self.fault, self.fault_at = words, event_id


class Verdict(NamedTuple):
    """*fault* is about the installation as a whole."""

    accounts: dict[int, Found]
    fault: str = ""
    place: Place | None = None

    @property
    def is_whole(self) -> bool:
        return not self.fault and not any(found.fault for found in self.accounts.values())


class Quick(NamedTuple):
    """What a look at the newest seals says; *lag* is how long the oldest event waits for its."""

    verdict: Verdict
    lag: timedelta


def verify(account_id: int | None = None, *, noted: str = "") -> Verdict:
    """Go through the whole history, or that of one account, in one snapshot of the database.

    *noted* is the name of a seal that somebody wrote down elsewhere: it must be there still.
    """
    with _snapshot() as connection:
        place = EventCursor.read(connection)
        if place is None:
            return _not_begun(connection)
        walk = _Walk(connection, place, account_id)
        walk.through_seals()
        walk.through_the_rest()
        fault = walk.of_all()
        if noted and account_id is not None:
            walk.must_hold(account_id, noted)
    return Verdict(walk.found, fault, place)


def look() -> Quick:
    """Look at the newest seals, at all signatures, and at how far sealing lags behind."""
    with _snapshot() as connection:
        place = EventCursor.read(connection)
        if place is None:
            return Quick(_not_begun(connection), timedelta())
        walk = _Walk(connection, place, None)
        walk.through_latest()
        waiting = event_stored.after(connection, place.through, most=1)
        lag = now() - waiting[0].line.at if waiting else timedelta()
        return Quick(Verdict(walk.found, walk.of_all(), place), lag)


class _Walk:
    """Goes through seals and events side by side, in the order in which they were made."""

    def __init__(self, connection: Connection, place: Place, account_id: int | None) -> None:
        self.connection, self.place, self.account_id = connection, place, account_id
        self.found: dict[int, Found] = {}
        self.unclaimed: dict[int, Stored] = {}
        """Events that were read and that no seal has named yet."""
        self.seen = BEFORE_ALL

    def through_seals(self) -> None:
        last = 0
        while seals := EventSeal.after(self.connection, last, self.account_id, SEALS_AT_ONCE):
            last = seals[-1].id
            self._read_up_to(max(_ids(seals), default=0))
            for seal in seals:
                self._check(seal)
        self._compare_ends()

    def through_latest(self) -> None:
        """Check the newest seals alone: each begins where the one before it says."""
        seals = EventSeal.latest(self.connection, LATEST)
        self._take(event_stored.by_ids(self.connection, _ids(seals)))
        for seal in seals:
            if seal.account_id not in self.found:
                before = EventSeal.at(self.connection, seal.account_id, seal.number - 1)
                digest = before.digest if before else GENESIS
                self._of(seal.account_id).digest = digest
                self._of(seal.account_id).number = seal.number - 1
            self._check(seal)
        for account_id, head in EventChain.heads(self.connection).items():
            if account_id in self.found:
                self._compare_end(self._of(account_id), head)
            else:
                self._compare_signature(self._of(account_id), head)

    def through_the_rest(self) -> None:
        """What no seal names either waits for its seal, or was not written by the portal."""
        for event in self.unclaimed.values():
            self._check_unsealed(event)
        last = self.seen
        while events := event_stored.after(
            self.connection, last, account_id=self.account_id, most=EVENTS_AT_ONCE
        ):
            last = events[-1].id
            copied = event_stored.copies(self.connection, [event.id for event in events])
            self._must_show_the_same(events)
            for event in events:
                self._check_unsealed(event, is_copy=event.id in copied)

    def of_all(self) -> str:
        """Return what is wrong with the whole, as far as it was asked for."""
        if not self.place.is_ours:
            return f"The place up to which the history is sealed {NOT_OURS}"
        chains = len(EventChain.heads(self.connection))
        if chains != self.place.chains:
            return (
                f"The histories of {self.place.chains} accounts were sealed, and {chains} are "
                "here: one was taken away."
            )
        return ""

    def must_hold(self, account_id: int, noted: str) -> None:
        number, _, start = noted.partition("-")
        seal = None
        if number.isdecimal() and len(number) < 19:
            seal = EventSeal.at(self.connection, account_id, int(number))
        if seal is None or len(start) < 16 or not seal.digest.hex().startswith(start):
            self._of(account_id).blame(
                0, f"There is no seal {noted}: the history is not the one that was noted down."
            )

    def _of(self, account_id: int) -> Found:
        return self.found.setdefault(account_id, Found(account_id))

    def _read_up_to(self, highest: int) -> None:
        while self.seen < highest:
            events = event_stored.after(
                self.connection,
                self.seen,
                up_to=highest,
                account_id=self.account_id,
                most=EVENTS_AT_ONCE,
            )
            self._take(events)
            self.seen = events[-1].id if len(events) == EVENTS_AT_ONCE else highest

    def _take(self, events: list[Stored]) -> None:
        self.unclaimed.update((event.id, event) for event in events)
        self._must_show_the_same(events)

    def _must_show_the_same(self, events: list[Stored]) -> None:
        for event in event_stored.tampered(self.connection, events):
            words = f"{_capital(event.name)} was altered: it shows somebody else, or nothing."
            self._of(event.line.account_id).blame(event.id, words)

    def _check(self, seal: Seal) -> None:
        found, entries = self._of(seal.account_id), list(seal.events())
        first = entries[0][0] if entries else 0
        if seal.number != found.number + 1:
            words = f"Seal {found.number + 1} is gone, which was made before event {first}."
            found.blame(first, words)
        elif not seal.follows(found.digest):
            words = (
                f"Seal {seal.number}, of {_stretch(entries)}, was altered or does not belong here."
            )
            found.blame(first, words)
        found.number, found.digest, found.name = seal.number, seal.digest, seal.name
        for event_id, leaf in entries:
            self._check_event(found, event_id, leaf)

    def _check_event(self, found: Found, event_id: int, leaf: bytes) -> None:
        event = self.unclaimed.pop(event_id, None)
        if event is None:
            found.blame(event_id, f"Event {event_id} is gone, or was sealed twice.")
        elif event_proof.leaf(event.line)[:LEAF_BYTES] != leaf:
            found.blame(event_id, f"{_capital(event.name)} was altered.")
        else:
            found.events += 1
            found.until = max(found.until or event.line.at, event.line.at)

    def _check_unsealed(self, event: Stored, *, is_copy: bool = False) -> None:
        found = self._of(event.line.account_id)
        is_proven = event_proof.is_genuine(event.line) and not is_copy
        is_ours = is_proven or self.place.is_found(event.id)
        if not is_ours:
            words = f"{_capital(event.name)} was put in: the portal did not write it."
            found.blame(event.id, words)
        elif self.place.awaits(event.id):
            found.waiting += 1
        elif not found.fault:  # or it stood in a seal that is gone, which was said
            found.blame(event.id, f"{_capital(event.name)} is in no seal.")

    def _compare_ends(self) -> None:
        """The seals must end where the signed end is: the last ones cannot be cut off."""
        asked = None if self.account_id is None else [self.account_id]
        heads = EventChain.heads(self.connection, asked)
        for account_id in {*heads, *self.found}:
            self._compare_end(self._of(account_id), heads.get(account_id) or Head(account_id))

    def _compare_end(self, found: Found, head: Head) -> None:
        self._compare_signature(found, head)
        if (head.number, head.digest) != (found.number, found.digest):
            words = f"{head.number} seals are signed for, and the last one here is {found.number}"
            found.blame(self.seen + 1, f"{words}: {_after(found)} does not fit.")

    def _compare_signature(self, found: Found, head: Head) -> None:
        if not head.is_ours:
            found.blame(self.seen + 1, f"The end of the history {NOT_OURS}")


@contextmanager
def _snapshot() -> Iterator[Connection]:
    """One state of the database, whatever is written meanwhile."""
    token = reads_only.set(True)
    try:
        with db.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
            connection.rollback()
    finally:
        reads_only.reset(token)


def _not_begun(connection: Connection) -> Verdict:
    """It begins with the first account: before that there is nothing to seal."""
    has_accounts = connection.execute(db.select(Account.id).limit(1)).first() is not None
    return Verdict({}, NOT_BEGUN if has_accounts else "")


def _ids(seals: Iterable[Seal]) -> list[int]:
    return [event_id for seal in seals for event_id, _leaf in seal.events()]


def _stretch(entries: Iterable[tuple[int, bytes]]) -> str:
    ids = [event_id for event_id, _leaf in entries]
    if not ids:
        return "no event"
    return f"event {ids[0]}" if len(ids) == 1 else f"events {min(ids)} to {max(ids)}"


def _after(found: Found) -> str:
    if found.until is None:
        return "all of it"
    return f"what came after {found.until:%Y-%m-%d %H:%M:%S} UTC"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]

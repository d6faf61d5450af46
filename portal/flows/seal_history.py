"""Seal the history: chain what was written since the last time, account by account."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime, timedelta

from portal.db import alone, atomic, db, now
from portal.errors import PortalError
from portal.models import event_proof, event_stored
from portal.models.account import Account
from portal.models.event import Event
from portal.models.event_chain import EventChain, Head
from portal.models.event_cursor import EventCursor, Place
from portal.models.event_seal import LEAF_BYTES, MOST, EventSeal
from portal.models.event_stored import Stored

log = logging.getLogger(__name__)
BATCH = 2_000
SETTLED = timedelta(seconds=2)
"""Events get their number before they are committed; most are committed within this time."""
NAMED_AT_MOST = 5


class HistoryError(PortalError):
    """The history cannot be sealed on: what its signatures stand for was changed, or a key is gone.
    The text says what to do."""


def seal(most: int = BATCH) -> int:
    """Seal up to *most* events; return how many were looked at. One process at a time does it.

    Whoever writes an event waits for nobody here. A transaction that ends late, with an event of a
    smaller number than those that were sealed, is sealed with the next ones. Raises HistoryError.
    """
    return _seal(most) if _has_work() else 0


@atomic
def begin() -> None:
    """Begin to seal the history of this installation, unless that was begun."""
    EventCursor.begin()


@atomic
def adopt() -> int:
    """Take the history as it stands: forget all seals and begin anew, and write that down in each
    account. Return in how many. Only an operator may say so."""
    EventCursor.forget()
    EventChain.forget()
    EventSeal.forget()
    EventCursor.begin()
    accounts = list(db.session.scalars(db.select(Account.id)))
    for account_id in accounts:
        Event.record("history_adopted", account_id=account_id, actor="operator")
    return len(accounts)


@atomic
def sign_anew() -> int:
    """Sign where each history ends, and how far all are sealed, with the newest key; return how
    many ends that were. What no key of the installation signed is left as it is."""
    place = EventCursor.hold()
    if place is None or not place.is_ours:
        return 0
    EventCursor.move(place, place)
    heads = EventChain.heads(db.session.connection()).values()
    ours = [head for head in heads if head.is_ours]
    for head in ours:
        EventChain.sign_anew(head)
    return len(ours)


def _has_work() -> bool:
    with alone().connect() as connection:
        place = EventCursor.read(connection)
        if place is None:
            return False
        return bool(event_stored.after(connection, place.through, most=1)) or bool(
            event_stored.within(connection, place.gaps, 1)
        )


@atomic
def _seal(most: int) -> int:
    place = EventCursor.hold()
    if place is None:
        return 0
    if not place.is_ours:
        raise HistoryError(
            "The place up to which the history is sealed was not signed with one of "
            "PORTAL_SECRET_KEYS. Put the old key back, or run `portal audit verify`."
        )
    connection, at = db.session.connection(), now()
    late = event_stored.within(connection, place.gaps, most)
    fresh = _settled(event_stored.after(connection, place.through, most=most), at)
    events = [*late, *fresh]
    if not events:
        return 0
    moved = place.moved([event.id for event in events], at)
    genuine = _genuine(events, place)
    chains = _chain(genuine, at)
    refused = len(events) - len(genuine)
    to = moved._replace(chains=place.chains + chains, refused=place.refused + refused)
    if not EventCursor.move(place, to):
        raise AssertionError("the place was held")
    return len(events)


def _settled(events: list[Stored], at: datetime) -> list[Stored]:
    """Return the events up to the first that is too young: of one that is older and not yet
    committed the number would be missing. One of a time to come is not young: the clock was
    put back."""
    for number, event in enumerate(events):
        if timedelta() <= at - event.line.at < SETTLED:
            return events[:number]
    return events


def _genuine(events: list[Stored], place: Place) -> list[Stored]:
    """Return the events that the portal wrote, each once; others are never sealed."""
    connection = db.session.connection()
    proven = [event for event in events if not place.is_found(event.id)]
    copied = event_stored.copies(connection, [event.id for event in proven])
    refused = {
        event.id for event in proven if event.id in copied or not event_proof.is_genuine(event.line)
    }
    if refused:
        named = ", ".join(str(event_id) for event_id in sorted(refused)[:NAMED_AT_MOST])
        log.warning(
            "%d events of the history were not written by the portal, and are not sealed: %s",
            len(refused),
            named,
        )
    return [event for event in events if event.id not in refused]


def _chain(events: list[Stored], at: datetime) -> int:
    """Add the seals, and sign where each account's chain ends now; return how many are new."""
    of_account: dict[int, list[Stored]] = defaultdict(list)
    for event in events:
        of_account[event.line.account_id].append(event)
    heads = EventChain.heads(db.session.connection(), of_account.keys())
    for account_id, mine in of_account.items():
        head = heads.get(account_id) or Head(account_id)
        if not head.is_ours:
            raise HistoryError(
                "The end of an account's history was not signed with one of PORTAL_SECRET_KEYS. "
                "Put the old key back, or run `portal audit verify`."
            )
        EventChain.end_at(_sealed(head, mine, at), at)
    return len(of_account.keys() - heads.keys())


def _sealed(head: Head, events: list[Stored], at: datetime) -> Head:
    number, digest = head.number, head.digest
    for start in range(0, len(events), MOST):
        some = events[start : start + MOST]
        entries = [(event.id, event_proof.leaf(event.line)[:LEAF_BYTES]) for event in some]
        number += 1
        digest = EventSeal.add(head.account_id, number, entries, digest, at)
    return head._replace(number=number, digest=digest, events=head.events + len(events))

"""The list of an account's history: filtered, and read page by page, latest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, literal, select, tuple_

from portal.db import UtcDateTime, db
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.contact_criteria import matching
from portal.models.delivery_list import NOBODY, few_contacts
from portal.models.event import PAGE, Event, EventLine
from portal.models.search_words import Search
from portal.models.staff import Staff
from portal.models.staff_role import StaffRole

REACH = 5_000
"""So many lines are looked through for one page."""
AT_ONCE = 500
SIGN_INS = ("signed_in", "signed_out", "staff_signed_in", "staff_signed_out", "factor_failed")
MESSAGES = (
    "sent",
    "delivered",
    "delayed",
    "failed",
    "bounced",
    "expired",
    "unknown",
    "complained",
    "asked",
    "asked_too_often",
    "fallback",
    "opened",
    "turned_away",
    "saw_error",
)
"""What happens to messages and to their links by itself: most of a history."""
CHANGES_AND_SIGN_INS, OF_SIGN_INS, OF_CHANGES, OF_MESSAGES, EVERYTHING = (
    "",
    "sign-ins",
    "changes",
    "messages",
    "everything",
)
PEOPLE = ("client", "operator", "portal")

Key = tuple[datetime, int]


class Filter(NamedTuple):
    """*what* is one of the groups above or a kind; *who* one of PEOPLE or a staff member's id."""

    what: str = CHANGES_AND_SIGN_INS
    who: str = ""
    q: str = ""
    since: datetime | None = None
    until: datetime | None = None


class HistoryPage(NamedTuple):
    """*looked_back_to* is set when the page is short because it had looked far enough."""

    lines: list[EventLine]
    following: Key | None
    looked_back_to: datetime | None = None


def page(
    account: Account, wanted: Filter, *, before: Key | None = None, size: int = PAGE
) -> HistoryPage:
    """Return one page of what *wanted* matches, and the key to go on from."""
    few = few_contacts(account, wanted.q)
    walked = _walk(account, wanted, few, before)
    rows = db.session.execute(_chosen(walked, wanted, few).limit(size + 1)).all()
    lines = Event.lines([row.id for row in rows[:size]])
    if len(rows) > size:
        return HistoryPage(lines, (lines[-1].at, lines[-1].id))
    end = _end_of(walked) if few is None else None
    return HistoryPage(lines, end, end[0] if end else None)


def every(account: Account, wanted: Filter) -> Iterator[EventLine]:
    """Yield all that *wanted* matches. No transaction is open between two stretches."""
    before: Key | None = None
    while True:
        found = page(account, wanted, before=before, size=AT_ONCE)
        db.session.rollback()
        yield from found.lines
        before = found.following
        if before is None:
            return


def people(account: Account) -> list[tuple[str, str]]:
    """Return (id, name) of the account's staff."""
    rows = db.session.execute(
        select(Staff.id, Staff.name, Staff.email)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(StaffRole.account_id == account.id)
        .order_by(Staff.name, Staff.email)
    )
    return [(str(row[0]), row[1] or row[2]) for row in rows]


def _walk(account: Account, wanted: Filter, few: list[int] | None, before: Key | None) -> Any:
    """Return what is looked through: a stretch of the history, or all that is about few people."""
    query = select(Event.id, Event.at, Event.kind, Event.actor, Event.staff_id, Event.contact_id)
    query = query.where(*_bounds(wanted, before))
    if few is not None:
        # Materialized, or a planner could walk through everybody's lines to find these few; and
        # their account is not asked for: without statistics SQLite may look there for them.
        mine = query.where(Event.contact_id.in_(few or NOBODY))
        return mine.cte("mine").prefix_with("MATERIALIZED")
    newest = query.where(Event.account_id == account.id).order_by(Event.at.desc(), Event.id.desc())
    return newest.limit(REACH).subquery("walked")


def _bounds(wanted: Filter, before: Key | None) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        bounds.append(Event.at >= wanted.since)
    if wanted.until is not None:
        bounds.append(Event.at < wanted.until)
    if before is not None:
        # Without its own type the time would go to SQLite as text, and be later than any number.
        at, row_id = before
        bounds.append(tuple_(Event.at, Event.id) < tuple_(literal(at, UtcDateTime()), row_id))
    return bounds


def _chosen(walked: Any, wanted: Filter, few: list[int] | None) -> Select[Any]:
    query = select(walked.c.id).where(*_of_what(walked, wanted.what))
    if wanted.who in PEOPLE:
        query = query.where(walked.c.actor == wanted.who)
    elif wanted.who:
        query = query.where(walked.c.staff_id == int(wanted.who))
    if wanted.q and few is None:
        found = matching(Contact.__table__.c, Search.of(wanted.q))
        query = query.join(Contact, Contact.id == walked.c.contact_id).where(*found)
    return query.order_by(walked.c.at.desc(), walked.c.id.desc())


def _of_what(walked: Any, what: str) -> list[ColumnElement[bool]]:
    kind = walked.c.kind
    if what == CHANGES_AND_SIGN_INS:
        return [kind.not_in(MESSAGES)]
    if what == OF_CHANGES:
        return [walked.c.actor.in_(("staff", "operator")), kind.not_in(SIGN_INS)]
    if what == EVERYTHING:
        return []
    groups = {OF_SIGN_INS: SIGN_INS, OF_MESSAGES: MESSAGES}
    return [kind.in_(groups.get(what, (what,)))]


def _end_of(walked: Any) -> Key | None:
    """Return where the stretch ended when it was a full one, else None: there is nothing older."""
    row = db.session.execute(
        select(walked.c.at, walked.c.id, db.func.count().over())
        .order_by(walked.c.at, walked.c.id)
        .limit(1)
    ).first()
    return (row[0], row[1]) if row and row[2] >= REACH else None

"""The list of contacts, one page at a time: as quick with a million as with ten.

A filter that matches few is read whole and sorted. One that matches many is met soon by walking
the contacts in their order. In between, a page ends after a bounded walk and says how far it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, literal, select, tuple_

from portal.db import UtcDateTime, db
from portal.models import contact_criteria
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.contact_criteria import NEVER, Wanted

PAGE = 50
SUGGESTIONS = 8
FEW = 2_500
"""So many contacts or fewer are read whole."""
REACH = 20_000
"""So many contacts are walked through for one page."""

Key = tuple[Any, int]
_TABLE = Contact.__table__
_SHOWN = tuple(
    _TABLE.c[name]
    for name in (
        "id",
        "name",
        "email",
        "phone",
        "external_id",
        "locale",
        "addresses",
        "standing",
        "undelivered",
        "seen_key",
        "created_at",
        "sort_key",
        "search_key",
    )
)


@dataclass(frozen=True)
class Order:
    """The column that a list is sorted by, and whether the largest comes first."""

    column: str
    is_falling: bool = False


ORDERS = {
    "name": Order("sort_key"),
    "seen": Order("seen_key", is_falling=True),
    "added": Order("created_at", is_falling=True),
}


class ContactLine(NamedTuple):
    """One contact in a list."""

    id: int
    name: str
    email: str
    phone: str
    external_id: str
    locale: str
    addresses: dict[str, str]
    status: str
    undelivered: bool
    seen_key: datetime
    created_at: datetime
    sort_key: str
    search_key: str

    @property
    def last_seen_at(self) -> datetime | None:
        return None if self.seen_key == NEVER else self.seen_key


class ContactPage(NamedTuple):
    """*back* and *on* are the keys to go on from, either way; None where there is nobody.

    *is_cut* is set when the page is short because it had looked far enough.
    """

    lines: list[ContactLine]
    back: Key | None = None
    on: Key | None = None
    is_cut: bool = False


def page(
    account: Account,
    wanted: Wanted,
    *,
    after: Key | None = None,
    before: Key | None = None,
    size: int = PAGE,
) -> ContactPage:
    """Return one page of those whom *wanted* matches: what follows *after*, or precedes *before*,
    which are keys of another page in the same order."""
    order, is_backward = ORDERS[wanted.sort], before is not None
    start = before if is_backward else after
    lines, end = _lines(account, wanted, start, size, is_backward)
    has_more = len(lines) > size
    lines = lines[:size]
    reached = _key(lines[-1], order) if has_more else end
    if is_backward:
        lines.reverse()
        on = _key(lines[-1], order) if lines else before
        return ContactPage(lines, back=reached, on=on, is_cut=bool(end))
    back = None
    if after is not None:
        back = _key(lines[0], order) if lines else after
    return ContactPage(lines, back=back, on=reached, is_cut=bool(end))


def suggest(account: Account, q: str) -> list[ContactLine]:
    """Return the few contacts that *q* may mean, by any part of what they are found by."""
    return page(account, Wanted(q=q), size=SUGGESTIONS).lines if q.strip() else []


def few(account: Account, wanted: Wanted, most: int = FEW) -> list[int] | None:
    """Return at least all whom *wanted* matches when an index says that they are few, else None."""
    for candidates in contact_criteria.candidates(account.id, wanted):
        ids = list(db.session.scalars(candidates.limit(most + 1)))
        if len(ids) <= most:
            return ids
    return None


def _lines(
    account: Account, wanted: Wanted, start: Key | None, size: int, is_backward: bool
) -> tuple[list[ContactLine], Key | None]:
    """Return the lines that follow *start*, one more than *size* if there are as many; and where
    the walk stopped if it was cut short."""
    order = ORDERS[wanted.sort]
    falls = order.is_falling != is_backward
    rows = _in_order(select(*_SHOWN), order, falls, start).where(_TABLE.c.account_id == account.id)
    known = few(account, wanted) if wanted.picks else None
    if known is not None:
        rows = rows.where(contact_criteria.is_one_of(_TABLE.c.id, known))
    if known is not None or not wanted.picks:
        rows = rows.where(*contact_criteria.of(_TABLE.c, wanted)).limit(size + 1)
        return [ContactLine._make(row) for row in db.session.execute(rows)], None
    rows = rows.where(*contact_criteria.ordered(_TABLE.c, wanted))
    lines = _walk(rows, wanted, size)
    if len(lines) > size:
        return lines, None
    end = _end_of(rows, order)
    if end is None:
        return lines, None
    return _text_index(account, wanted, order, falls, start, size) or (lines, end)


def _walk(rows: Select[Any], wanted: Wanted, size: int) -> list[ContactLine]:
    """Return those who match among the next REACH, in the order in which *rows* come.

    No database sorts what it reads through one index; asked to, SQLite would read all of it first.
    """
    walked = rows.limit(REACH).subquery("walked")
    found = select(walked).where(*contact_criteria.of(walked.c, wanted)).limit(size + 1)
    return [ContactLine._make(row) for row in db.session.execute(found)]


def _end_of(rows: Select[Any], order: Order) -> Key | None:
    """Return where a walk of REACH stopped, or None when it came to the end."""
    key = rows.with_only_columns(_TABLE.c[order.column], _TABLE.c.id).offset(REACH - 1).limit(1)
    row = db.session.execute(key).first()
    return (row[0], row[1]) if row else None


def _text_index(
    account: Account, wanted: Wanted, order: Order, falls: bool, start: Key | None, size: int
) -> tuple[list[ContactLine], None] | None:
    """Return the page by way of the text index, for words of which there are many elsewhere in the
    order: a search for Zoe begins among those called Aaron."""
    found_by_text = contact_criteria.by_text(account.id, wanted)
    if found_by_text is None:
        return None
    ids = found_by_text.limit(REACH + 1).subquery("found")
    if (db.session.scalar(select(func.count()).select_from(ids)) or 0) > REACH:
        return None
    rows = _in_order(select(*_SHOWN), order, falls, start).where(
        _TABLE.c.account_id == account.id,
        _TABLE.c.id.in_(select(ids.c.id)),
        *contact_criteria.of(_TABLE.c, wanted),
    )
    return [ContactLine._make(row) for row in db.session.execute(rows.limit(size + 1))], None


def _in_order(rows: Select[Any], order: Order, falls: bool, start: Key | None) -> Select[Any]:
    column, row_id = _TABLE.c[order.column], _TABLE.c.id
    rows = rows.order_by(*((column.desc(), row_id.desc()) if falls else (column, row_id)))
    if start is None:
        return rows
    # Without its own type a time would go to SQLite as text, and be later than any number.
    value = literal(start[0], UtcDateTime()) if isinstance(start[0], datetime) else start[0]
    here, there = tuple_(column, row_id), tuple_(value, start[1])
    return rows.where(here < there if falls else here > there)


def _key(line: ContactLine, order: Order) -> Key:
    return getattr(line, order.column), line.id

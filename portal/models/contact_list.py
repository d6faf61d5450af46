"""The list of contacts, one page at a time: as quick with a million as with ten.

Whom a filter with an index matches is read whole and sorted, as long as they are not too many. Of
many, a page is soon found by walking the contacts in their order; the walk is bounded, and a page
that is short because of that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, Subquery, literal, literal_column, select, tuple_

from portal.db import UtcDateTime, db
from portal.models import contact_criteria
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.contact_criteria import NEVER, Wanted

PAGE = 50
SUGGESTIONS = 8
FEW = 1_000
"""So many contacts or fewer are read whole."""
REACH = 10_000
"""So many contacts are looked through for one page."""
FEW_OF_LETTERS, SORTED_OF_LETTERS, LIGHT_REACH = 500, 3_000, 30_000
"""The same bounds for letters in the order of names: whom the text index finds are read one by
one, while of a walk the index of names alone tells who matches, so that it may go further."""
STRIDES = 10
"""A tenth of that tells whether going on is worth it."""

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
        "opened",
        "seen_key",
        "created_at",
        "sort_key",
        "search_key",
    )
)

_IN_INDEX = _TABLE.c.id, _TABLE.c.sort_key, _TABLE.c.search_key


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
    opened: bool
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
        on = _key(lines[-1], order) if lines else _beside(start, -1, order)
        return ContactPage(lines, back=reached, on=on, is_cut=bool(end))
    back = None
    if after is not None:
        back = _key(lines[0], order) if lines else _beside(start, 1, order)
    return ContactPage(lines, back=back, on=reached, is_cut=bool(end))


def suggest(account: Account, q: str) -> list[ContactLine]:
    """Return the few contacts that *q* may mean, by any part of what they are found by."""
    return page(account, Wanted(q=q), size=SUGGESTIONS).lines if q.strip() else []


def known(account: Account, ids: Sequence[int]) -> list[ContactLine]:
    """Return the account's own among *ids*, in the order of their ids."""
    is_own = _TABLE.c.account_id == account.id
    rows = select(*_SHOWN).where(is_own, contact_criteria.is_one_of(_TABLE.c.id, ids))
    return _read(rows.order_by(_TABLE.c.id))


def few(account: Account, wanted: Wanted, most: int = FEW) -> list[int] | None:
    """Return at least all whom *wanted* matches when an index says that they are few, else None."""
    for candidates in contact_criteria.candidates(account.id, wanted):
        ids = list(db.session.scalars(candidates.limit(most + 1)).all())
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
    rows = _in_order(select(*_SHOWN), order, falls, start)
    of_account = rows.where(_TABLE.c.account_id == account.id)
    if not wanted.picks:
        return _read(of_account.limit(size + 1)), None
    is_light = wanted.is_of_letters and wanted.sort == "name"
    ids = few(account, wanted, FEW_OF_LETTERS if is_light else FEW)
    if ids is not None:
        found = rows.where(contact_criteria.is_one_of(_TABLE.c.id, ids))
        return _matching(found, account, wanted, size) if ids else [], None
    walked = of_account.where(*contact_criteria.ordered(_TABLE.c, wanted))
    if is_light:  # SQLite reads what is named, whether it is asked for or not
        walked = walked.with_only_columns(*_IN_INDEX)
    reach = LIGHT_REACH if is_light else REACH
    lines = _walk(walked, wanted, size, reach if is_light else reach // STRIDES, order, falls)
    if len(lines) > size:
        return lines, None
    is_sparse = is_light or len(lines) * STRIDES <= size
    some = _some(account, wanted, SORTED_OF_LETTERS if is_light else REACH) if is_sparse else None
    if some is not None:
        found = rows.join(some, some.c[0] == _TABLE.c.id)
        return _matching(found, account, wanted, size), None
    if not is_light:
        lines = _walk(walked, wanted, size, reach, order, falls)
    return lines, None if len(lines) > size else _end_of(walked, order, reach)


def _read(rows: Select[Any]) -> list[ContactLine]:
    return [ContactLine._make(row) for row in db.session.execute(rows).all()]


def _matching(rows: Select[Any], account: Account, wanted: Wanted, size: int) -> list[ContactLine]:
    # The sign keeps SQLite from walking through the account's contacts in search of the few.
    of_account = literal_column("+contact.account_id") == account.id
    conditions = contact_criteria.of(_TABLE.c, wanted)
    return _read(rows.where(of_account, *conditions).limit(size + 1))


def _some(account: Account, wanted: Wanted, most: int) -> Subquery | None:
    """Return at least all whom *wanted* matches when they are not too many to be sorted, as those
    called Zoe, whom a walk would begin to look for among the Aarons."""
    for candidates in contact_criteria.candidates(account.id, wanted):
        if db.session.scalar(candidates.offset(most).limit(1)) is None:
            return candidates.limit(most).subquery("some")
    return None


def _walk(
    rows: Select[Any], wanted: Wanted, size: int, reach: int, order: Order, falls: bool
) -> list[ContactLine]:
    """Return those who match among the next *reach*, in the order in which *rows* come.

    PostgreSQL may join what it has walked through in another order, and is asked to sort it.
    SQLite keeps the order; asked to sort, it would read all of it first. What is shown is read of
    those who match alone, so that the walk needs no more than its index has.
    """
    walked = rows.limit(reach).subquery("walked")
    matching = select(walked.c.id).where(*contact_criteria.of(walked.c, wanted))
    if db.engine.dialect.name == "postgresql":
        matching = matching.order_by(*_by(walked.c, order, falls))
    found = matching.limit(size + 1).subquery("found")
    shown = select(*_SHOWN).join(found, found.c.id == _TABLE.c.id)
    return _read(shown.order_by(*_by(_TABLE.c, order, falls)))


def _by(rows: Any, order: Order, falls: bool) -> tuple[Any, ...]:
    columns = rows[order.column], rows.id
    return tuple(one.desc() for one in columns) if falls else columns


def _end_of(rows: Select[Any], order: Order, reach: int) -> Key | None:
    """Return where a walk of *reach* stopped, or None when it came to the end."""
    key = rows.with_only_columns(_TABLE.c[order.column], _TABLE.c.id).offset(reach - 1).limit(1)
    row = db.session.execute(key).first()
    return (row[0], row[1]) if row else None


def _in_order(rows: Select[Any], order: Order, falls: bool, start: Key | None) -> Select[Any]:
    column, row_id = _TABLE.c[order.column], _TABLE.c.id
    rows = rows.order_by(*_by(_TABLE.c, order, falls))
    if start is None:
        return rows
    # Without its own type a time would go to SQLite as text, and be later than any number.
    value = literal(start[0], UtcDateTime()) if isinstance(start[0], datetime) else start[0]
    here, there = tuple_(column, row_id), tuple_(value, start[1])
    return rows.where(here < there if falls else here > there)


def _beside(key: Key | None, step: int, order: Order) -> Key | None:
    """Return a key from which the way back begins with the contact of *key* itself: an empty page
    shows none to go back from."""
    return None if key is None else (key[0], key[1] + (-step if order.is_falling else step))


def _key(line: ContactLine, order: Order) -> Key:
    return getattr(line, order.column), line.id

"""The list of contacts, one page at a time: as quick with a million as with ten.

Whom a filter with an index matches is read whole and sorted, as long as they are not too many. Of
many, a page is soon found by walking the contacts in their order; the walk is bounded, and a page
that is short because of that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from portal.db import db
from portal.models import contact_criteria
from portal.models.account import Account
from portal.models.contact_criteria import Candidates, Wanted
from portal.models.contact_walk import (
    ORDERS,
    SHOWN,
    TABLE,
    ContactLine,
    ContactWalk,
    Key,
    Order,
    read_lines,
)

PAGE = 50
SUGGESTIONS = 8


class Bounds(NamedTuple):
    """How far one page may look: *few*, and then *some*, are read whole and sorted when an index
    says that there are no more; of others, *reach* are looked through in their order."""

    few: int
    some: int
    reach: int


OF_OTHERS = Bounds(few=1_000, some=10_000, reach=10_000)
OF_LETTERS = Bounds(few=500, some=3_000, reach=30_000)
"""Of letters in the order of names: whom the text index finds are read one by one, while of a walk
the index of names alone tells who matches, so that it may go further."""
STRIDES = 10
"""A tenth of a walk tells whether going on is worth it."""


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
    is_own = TABLE.c.account_id == account.id
    rows = select(*SHOWN).where(is_own, contact_criteria.is_one_of(TABLE.c.id, ids))
    return read_lines(rows.order_by(TABLE.c.id))


def are_more_than(count: int, account: Account, q: str) -> bool:
    """Tell whether a short walk finds more than *count* contacts whom *q* means: of letters that
    many have, an index takes long to say so."""
    found = ContactWalk(account, Wanted(q=q), None, count, is_backward=False)
    reach = OF_LETTERS.reach // STRIDES
    lines, _end = found.begin(reach) or found.walk(reach)
    return len(lines) > count


def few(account: Account, wanted: Wanted, most: int = OF_OTHERS.few) -> list[int] | None:
    """Return at least all whom *wanted* matches when an index says that they are few, else None."""
    for candidates in contact_criteria.candidates(account.id, wanted):
        ids = list(db.session.scalars(candidates.ids.limit(most + 1)).all())
        if len(ids) <= most:
            return ids
    return None


def _lines(
    account: Account, wanted: Wanted, start: Key | None, size: int, is_backward: bool
) -> tuple[list[ContactLine], Key | None]:
    """Return the lines that follow *start*, one more than *size* if there are as many; and where
    the walk stopped if it was cut short."""
    found = ContactWalk(account, wanted, start, size, is_backward)
    if not wanted.picks:
        return found.everyone(), None
    bounds = OF_LETTERS if found.is_light else OF_OTHERS
    begun = found.begin(bounds.reach)
    if begun is not None:
        return begun
    lines, end = found.walk(max(1, bounds.reach // STRIDES))
    if end is None:
        return lines, None
    is_sparse = len(lines) * STRIDES <= size
    for most in (bounds.few, bounds.some) if is_sparse else ():
        chosen = _at_most(most, account, wanted)
        if chosen is not None:
            return found.among(chosen), None
    return found.walk(bounds.reach)


def _at_most(most: int, account: Account, wanted: Wanted) -> Candidates | None:
    """Return at least all whom *wanted* matches when an index says that they are no more than
    *most*: where a walk begins, there may be nobody of them."""
    for found in contact_criteria.candidates(account.id, wanted):
        if db.session.scalar(found.ids.offset(most).limit(1)) is None:
            return found._replace(ids=found.ids.limit(most))
    return None


def _beside(key: Key | None, step: int, order: Order) -> Key | None:
    """Return a key from which the way back begins with the contact of *key* itself: an empty page
    shows none to go back from."""
    return None if key is None else (key[0], key[1] + (-step if order.is_falling else step))


def _key(line: ContactLine, order: Order) -> Key:
    return getattr(line, order.column), line.id

"""The list of contacts, one page at a time: as quick with a million as with ten.

Whom a filter with an index matches is read whole and sorted, as long as they are not too many. Of
many, a page is soon found by walking the contacts in their order; the walk is bounded, and a page
that is short because of that says so.

In the order of names, those whose name begins with what is searched for come first: they are meant
most often, and the index of names has them side by side, however late in the alphabet.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    literal,
    literal_column,
    select,
    tuple_,
)

from portal.db import UtcDateTime, db
from portal.models import contact_criteria
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.contact_criteria import NEVER, Candidates, Wanted

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


def are_more_than(count: int, account: Account, q: str) -> bool:
    """Tell whether a short walk finds more than *count* contacts whom *q* means: of letters that
    many have, an index takes long to say so."""
    found, reach = _List(account, Wanted(q=q), None, count, False), OF_LETTERS.reach // STRIDES
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
    found = _List(account, wanted, start, size, is_backward)
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


class _Stretch(NamedTuple):
    """Contacts whose sort key is *low* or beyond, and before *high*; empty texts are no bounds."""

    low: str = ""
    high: str = ""

    def holds(self, sort_key: str) -> bool:
        return self.low <= sort_key and (not self.high or sort_key < self.high)

    def conditions(self) -> list[ColumnElement[bool]]:
        found = [_TABLE.c.sort_key >= self.low] if self.low else []
        return [*found, _TABLE.c.sort_key < self.high] if self.high else found


class _List:
    """Those whom *wanted* matches, in their order, from *start* on.

    Of a search in the order of names there are three stretches: those whose name begins with what
    is searched for, those before them in the alphabet, and those after them.
    """

    def __init__(
        self, account: Account, wanted: Wanted, start: Key | None, size: int, is_backward: bool
    ) -> None:
        self.is_light = wanted.is_of_letters and wanted.sort == "name"
        self._account_id, self._wanted, self._size = account.id, wanted, size
        self._order = ORDERS[wanted.sort]
        self._falls = self._order.is_falling != is_backward
        self._start = self._from = start
        self._begun: list[ContactLine] = []
        self._first = _beginning(wanted.search.phrase) if wanted.sort == "name" else None
        self._stretches = _stretches(self._first)
        if is_backward:
            self._stretches.reverse()
        while start and self._first and not self._stretches[0].holds(start[0]):
            del self._stretches[0]

    def everyone(self) -> list[ContactLine]:
        """Return the lines that follow when nobody is left out."""
        of_account = _TABLE.c.account_id == self._account_id
        return _read(self._rows().where(of_account).limit(self._size + 1))

    def among(self, chosen: Candidates) -> list[ContactLine]:
        """Return the lines that follow, of those whom an index has found to be few enough."""
        # The sign keeps SQLite from walking through the account's contacts in search of them.
        of_account = literal_column("+contact.account_id") == self._account_id
        are_chosen = contact_criteria.is_in(_TABLE.c.id, chosen.ids)
        conditions = contact_criteria.of(_TABLE.c, chosen.left)
        return _read(self._rows().where(are_chosen, of_account, *conditions).limit(self._size + 1))

    def begin(self, reach: int) -> tuple[list[ContactLine], Key | None] | None:
        """Look at those whose name begins with what is searched for; return a page of them, or
        None if others are to follow, or if the list is elsewhere."""
        if self._falls or self._stretches[0] is not self._first:
            return None
        lines, end = self._walk([self._first], reach)
        if end or len(lines) > self._size:
            return lines, end
        self._begun, self._from = lines, None
        del self._stretches[0]
        return None

    def walk(self, reach: int) -> tuple[list[ContactLine], Key | None]:
        """Look at so many contacts of each stretch; return the lines and, if that is not enough
        for a page, where to go on."""
        return self._walk(self._stretches, reach)

    def _walk(
        self, stretches: Sequence[_Stretch], reach: int
    ) -> tuple[list[ContactLine], Key | None]:
        lines, start = self._begun, self._from
        for stretch in stretches:
            rows = self._rows_of(stretch, start)
            lines = lines + self._matching(rows.limit(reach), self._size - len(lines))
            if len(lines) > self._size:
                break
            if end := self._end_of(rows, reach):
                return lines, end
            start = None
        return lines, None

    def _matching(self, rows: Select[Any], size: int) -> list[ContactLine]:
        """Return those of *rows* who match, in the order in which these come.

        PostgreSQL may join what it has walked through in another order, and is asked to sort it.
        SQLite keeps the order; asked to sort, it would read all of it first. What is shown is read
        of those who match alone, so that the walk needs no more than its index has.
        """
        walked = rows.subquery("walked")
        matching = select(walked.c.id).where(*contact_criteria.of(walked.c, self._wanted))
        if db.engine.dialect.name == "postgresql":
            matching = matching.order_by(*self._by(walked.c))
        found = matching.limit(size + 1).subquery("found")
        shown = select(*_SHOWN).join(found, found.c.id == _TABLE.c.id)
        return _read(shown.order_by(*self._by(_TABLE.c)))

    def _end_of(self, rows: Select[Any], reach: int) -> Key | None:
        """Return where a walk of *reach* stopped, or None when it came to the end."""
        key = rows.with_only_columns(_TABLE.c[self._order.column], _TABLE.c.id)
        row = db.session.execute(key.offset(reach - 1).limit(1)).first()
        return (row[0], row[1]) if row else None

    def _rows(self) -> Select[Any]:
        """Return the rows of all stretches that follow the start."""
        by: list[Any] = [*self._by(_TABLE.c)]
        here: list[Any] = [_TABLE.c[self._order.column], _TABLE.c.id]
        there = _literals(self._start)
        if self._first is not None:
            is_other = case((and_(*self._first.conditions()), 0), else_=1)
            by.insert(0, is_other.desc() if self._falls else is_other)
            here.insert(0, is_other)
            if self._start:
                there.insert(0, int(not self._first.holds(self._start[0])))
        return self._after(select(*_SHOWN).order_by(*by), here, there)

    def _rows_of(self, stretch: _Stretch, start: Key | None) -> Select[Any]:
        """Return the rows of one stretch, with what a walk through them looks at."""
        # SQLite reads what is named, whether it is asked for or not.
        shown = _IN_INDEX if self.is_light else _SHOWN
        here = [_TABLE.c[self._order.column], _TABLE.c.id]
        rows = (
            select(*shown)
            .order_by(*self._by(_TABLE.c))
            .where(
                _TABLE.c.account_id == self._account_id,
                *contact_criteria.ordered(_TABLE.c, self._wanted),
                *stretch.conditions(),
            )
        )
        return self._after(rows, here, _literals(start))

    def _after(self, rows: Select[Any], here: list[Any], there: list[Any]) -> Select[Any]:
        if not there:
            return rows
        reached, start = tuple_(*here), tuple_(*there)
        return rows.where(reached < start if self._falls else reached > start)

    def _by(self, rows: Any) -> tuple[Any, ...]:
        columns = rows[self._order.column], rows.id
        return tuple(one.desc() for one in columns) if self._falls else columns


def _read(rows: Select[Any]) -> list[ContactLine]:
    return [ContactLine._make(row) for row in db.session.execute(rows).all()]


def _beginning(phrase: str) -> _Stretch | None:
    """Return the names that begin with *phrase*: up to the first text beyond all of them."""
    phrase = phrase.rstrip(chr(sys.maxunicode))
    if not phrase:
        return None
    last = ord(phrase[-1]) + 1
    beyond = 0xE000 if last == 0xD800 else last  # between them lie halves of letters
    return _Stretch(phrase, phrase[:-1] + chr(beyond))


def _stretches(first: _Stretch | None) -> list[_Stretch]:
    if first is None:
        return [_Stretch()]
    return [first, _Stretch(high=first.low), _Stretch(low=first.high)]


def _literals(key: Key | None) -> list[Any]:
    if key is None:
        return []
    # Without its own type a time would go to SQLite as text, and be later than any number.
    value = literal(key[0], UtcDateTime()) if isinstance(key[0], datetime) else key[0]
    return [value, key[1]]


def _beside(key: Key | None, step: int, order: Order) -> Key | None:
    """Return a key from which the way back begins with the contact of *key* itself: an empty page
    shows none to go back from."""
    return None if key is None else (key[0], key[1] + (-step if order.is_falling else step))


def _key(line: ContactLine, order: Order) -> Key:
    return getattr(line, order.column), line.id

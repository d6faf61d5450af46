"""The contacts of a list in their order, from a key on: read whole, or looked through in part.

In the order of names, those whose name begins with what is searched for come first: they are meant
most often, and the index of names has them side by side, however late in the alphabet.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from portal.models.contact_tag import ContactTag

Key = tuple[Any, int]
TABLE = Contact.__table__
SHOWN = tuple(
    TABLE.c[name]
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
_IN_INDEX = TABLE.c.id, TABLE.c.sort_key, TABLE.c.search_key


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


class _Stretch(NamedTuple):
    """Contacts whose sort key is *low* or beyond, and before *high*; empty texts are no bounds."""

    low: str = ""
    high: str = ""

    def holds(self, sort_key: str) -> bool:
        return self.low <= sort_key and (not self.high or sort_key < self.high)

    def conditions(self, sort_key: ColumnElement[str]) -> list[ColumnElement[bool]]:
        found = [sort_key >= self.low] if self.low else []
        return [*found, sort_key < self.high] if self.high else found


class ContactWalk:
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
        of_account = TABLE.c.account_id == self._account_id
        return read_lines(self._rows().where(of_account).limit(self._size + 1))

    def among(self, chosen: Candidates) -> list[ContactLine]:
        """Return the lines that follow, of those whom an index has found to be few enough."""
        # The sign keeps SQLite from walking through the account's contacts in search of them.
        of_account = literal_column("+contact.account_id") == self._account_id
        are_chosen = contact_criteria.is_in(TABLE.c.id, chosen.ids)
        conditions = contact_criteria.of(TABLE.c, chosen.left)
        return read_lines(
            self._rows().where(are_chosen, of_account, *conditions).limit(self._size + 1)
        )

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
        is_met = self._wanted.is_tag_in_order
        left = replace(self._wanted, tag_id=None) if is_met else self._wanted
        matching = select(walked.c.id).where(*contact_criteria.of(walked.c, left))
        if db.engine.dialect.name == "postgresql":
            matching = matching.order_by(*self._by(walked.c))
        found = matching.limit(size + 1).subquery("found")
        shown = select(*SHOWN).join(found, found.c.id == TABLE.c.id)
        return read_lines(shown.order_by(*self._by(TABLE.c)))

    def _end_of(self, rows: Select[Any], reach: int) -> Key | None:
        """Return where a walk of *reach* stopped, or None when it came to the end."""
        key = rows.with_only_columns(*self._key())
        row = db.session.execute(key.offset(reach - 1).limit(1)).first()
        return (row[0], row[1]) if row else None

    def _rows(self) -> Select[Any]:
        """Return the rows of all stretches that follow the start."""
        by: list[Any] = [*self._by(TABLE.c)]
        here: list[Any] = [TABLE.c[self._order.column], TABLE.c.id]
        there = _literals(self._start)
        if self._first is not None:
            is_first = and_(*self._first.conditions(TABLE.c.sort_key))
            is_other = case((is_first, 0), else_=1)
            by.insert(0, is_other.desc() if self._falls else is_other)
            here.insert(0, is_other)
            if self._start:
                there.insert(0, int(not self._first.holds(self._start[0])))
        return self._after(select(*SHOWN).order_by(*by), here, there)

    def _rows_of(self, stretch: _Stretch, start: Key | None) -> Select[Any]:
        """Return the rows of one stretch, with what a walk through them looks at."""
        # SQLite reads what is named, whether it is asked for or not.
        shown = _IN_INDEX if self.is_light else SHOWN
        key = self._key()
        rows = (
            select(*shown)
            .order_by(*self._falling(key))
            .where(
                TABLE.c.account_id == self._account_id,
                *contact_criteria.ordered(TABLE.c, self._wanted),
                *stretch.conditions(key[0]),
            )
        )
        return self._after(rows, key, _literals(start))

    def _key(self) -> tuple[Any, ...]:
        """Return the columns in whose order an index has the rows of a stretch."""
        if self._wanted.is_tag_in_order:
            return ContactTag.sort_key, ContactTag.contact_id
        return TABLE.c[self._order.column], TABLE.c.id

    def _after(self, rows: Select[Any], here: Sequence[Any], there: list[Any]) -> Select[Any]:
        if not there:
            return rows
        reached, start = tuple_(*here), tuple_(*there)
        return rows.where(reached < start if self._falls else reached > start)

    def _by(self, rows: Any) -> tuple[Any, ...]:
        return self._falling((rows[self._order.column], rows.id))

    def _falling(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(one.desc() for one in key) if self._falls else key


def read_lines(rows: Select[Any]) -> list[ContactLine]:
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

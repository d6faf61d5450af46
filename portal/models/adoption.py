"""How far the contacts of an account have come, in numbers that cost the same with a million.

What triggers keep is exact. The rest is read from an index and stops at `MOST` rows; a number that
reached the bound is the least there are.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, literal, literal_column, select

from portal.db import UtcDateTime, alone, now
from portal.models.account_tally import AccountTally
from portal.models.contact import Contact
from portal.models.contact_criteria import DORMANT, NEVER
from portal.models.portal_access import Access

MOST = 10_000
_TABLE = Contact.__table__


class Number(NamedTuple):
    """How many; *bound* is `least` when the true number may lie beyond."""

    many: int
    bound: str = ""


class Adoption(NamedTuple):
    """Each contact stands in one of these, but for two overlaps, which the filters of the list
    have as well: who is undelivered may have joined, and who is dormant has."""

    not_invited: Number
    undelivered: Number
    unopened: Number
    opened: Number
    joined: Number
    dormant: Number


def of(account_id: int) -> Adoption:
    tally = AccountTally.of(account_id)
    return Adoption(
        not_invited=_bounded(account_id, _TABLE.c.standing == literal_column("''")),
        undelivered=Number(tally.undelivered),
        unopened=Number(tally.invited - tally.opened - tally.unreached),
        opened=Number(tally.opened),
        joined=Number(tally.joined),
        dormant=_dormant(account_id),
    )


def _dormant(account_id: int) -> Number:
    since, until = NEVER + timedelta(microseconds=1), now() - DORMANT
    seen = _TABLE.c.seen_key.between(literal(since, UtcDateTime()), literal(until, UtcDateTime()))
    return _bounded(account_id, seen, Access.JOINED, by="seen_key")


def _bounded(
    account_id: int,
    found: ColumnElement[bool],
    standing: str | None = None,
    *,
    by: str = "sort_key",
) -> Number:
    """Count what an index finds, at most MOST rows in the order *by*, and of these only those of
    *standing* if it is given."""
    rows = select(_TABLE.c.standing) if standing else select(literal_column("''").label("standing"))
    # In the order of the index that is meant: SQLite takes a partial one for nothing else.
    rows = rows.where(_TABLE.c.account_id == account_id, found).order_by(_TABLE.c[by], _TABLE.c.id)
    some = rows.limit(literal_column(str(MOST))).subquery("some")
    kept = func.count().filter(some.c.standing == (standing or ""))
    with alone().connect() as connection:
        looked, count = connection.execute(select(func.count(), kept).select_from(some)).one()
    return Number(count, "least" if looked == MOST else "")

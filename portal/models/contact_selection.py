"""A selection of contacts: some that were ticked, or everyone whom the list's filters match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, exists, func, or_, select

from portal.db import db
from portal.models import contact_criteria, contact_list
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.contact_criteria import Wanted
from portal.models.contact_tag import ContactTag
from portal.models.contact_walk import ContactLine

COUNTED = 100_000
"""Beyond that a count says only that there are more."""
BATCH = 500
_TABLE = Contact.__table__


@dataclass(frozen=True)
class Selection:
    """Either *wanted* or *ids* say who; the rest narrows that to whom an action is for.

    *standings* are statuses of an access, an empty one for those without; none at all is everyone.
    """

    wanted: Wanted | None = None
    ids: tuple[int, ...] = ()
    standings: tuple[str, ...] = ()
    with_tag: int | None = None
    without_tag: int | None = None


def count(account: Account, selection: Selection) -> int:
    """Return how many there are, `COUNTED + 1` standing for any larger number."""
    found = _chosen(account, selection).limit(COUNTED + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(found)) or 0


def first(account: Account, selection: Selection, most: int) -> list[int]:
    """Return those who have been known longest, at most *most*."""
    chosen = _chosen(account, selection).order_by(_TABLE.c.id).limit(most)
    return list(db.session.scalars(chosen).all())


def lines(account: Account, selection: Selection, *, after: int = 0) -> Iterator[list[ContactLine]]:
    """Yield everyone whose id is larger than *after*, some hundred at a time. Between two batches
    no transaction is open: whoever reads them may be slow."""
    while True:
        chosen = _chosen(account, selection).where(_TABLE.c.id > after)
        ids = list(db.session.scalars(chosen.order_by(_TABLE.c.id).limit(BATCH)).all())
        found = contact_list.known(account, ids) if ids else []
        db.session.rollback()
        if not ids:
            return
        yield found
        after = ids[-1]


def _chosen(account: Account, selection: Selection) -> Select[Any]:
    chosen = select(_TABLE.c.id).where(_TABLE.c.account_id == account.id)
    if selection.wanted is None:
        chosen = chosen.where(contact_criteria.is_one_of(_TABLE.c.id, selection.ids))
    else:
        chosen = chosen.where(*_matching(account, selection.wanted))
    if selection.standings:
        chosen = chosen.where(or_(*(_TABLE.c.standing == one for one in selection.standings)))
    if selection.with_tag is not None:
        chosen = chosen.where(_wears(selection.with_tag))
    if selection.without_tag is not None:
        chosen = chosen.where(~_wears(selection.without_tag))
    return chosen


def _matching(account: Account, wanted: Wanted) -> Sequence[Any]:
    conditions = contact_criteria.of(_TABLE.c, wanted)
    few = contact_list.few(account, wanted) if wanted.picks else None
    if few is not None:
        conditions.append(contact_criteria.is_one_of(_TABLE.c.id, few))
    return conditions


def _wears(tag_id: int) -> Any:
    return exists().where(ContactTag.tag_id == tag_id, ContactTag.contact_id == _TABLE.c.id)

"""The queries of the Deliveries page: each is quick, however many messages the outbox has held.

A page walks the account's messages backwards by an index, a bounded number of them at a time, so
that a filter that matches little costs no more than one that matches much.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    exists,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased

from portal.db import UtcDateTime, db, now
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.contact_criteria import Wanted, is_one_of, matching
from portal.models.contact_list import are_more_than, few
from portal.models.delivery import TROUBLE, Delivery, Status
from portal.models.event import Event
from portal.models.magic_link import MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.search_words import Search

PAGE = 50
REACH = 10_000
"""So many messages are looked through for one page; the next page goes on from there."""
NOBODY = (0,)
"""No contact has this number. Of an empty list SQLite would ask each message whether it is in."""
FEW = 100
"""So many contacts or fewer, and their own messages are read instead of everybody's."""
UNDELIVERED = "undelivered"
"""The filter for what did not arrive and has not been put right since."""
OTHER = "other"
"""The filter for failures without a known cause."""
REVIVABLE = (*TROUBLE, Status.CANCELLED)
TROUBLE_DAYS, TROUBLE_MOST = timedelta(days=30), 1000

Key = tuple[datetime, int]


@dataclass(frozen=True)
class Filter:
    """What staff look for. Empty fields match everything.

    *status* is one of the outbox's words or `undelivered`, *cause* one of `portal.channel.Cause`
    or `other`. *since* and *until* bound when a message was owed; *until* is exclusive.
    """

    status: str = ""
    channel: str = ""
    kind: str = ""
    cause: str = ""
    since: datetime | None = None
    until: datetime | None = None
    q: str = ""

    @property
    def picks(self) -> bool:
        """Not every message of its time is wanted."""
        return bool(self.status or self.channel or self.kind or self.cause or self.q)

    @property
    def is_of_trouble(self) -> bool:
        return bool(self.cause) or self.status == UNDELIVERED or self.status in TROUBLE


class DeliveryLine(NamedTuple):
    """One message in the list."""

    id: int
    created_at: datetime
    due_at: datetime
    contact_id: int
    kind: str
    channel: str
    status: str
    cause: str
    error: str
    attempts: int
    held: bool
    contact_name: str
    contact_email: str


class DeliveryPage(NamedTuple):
    """*looked_back_to* is set when the page is short because it had looked far enough."""

    lines: list[DeliveryLine]
    following: Key | None
    looked_back_to: datetime | None = None


def page(
    account: Account, wanted: Filter, *, before: Key | None = None, size: int = PAGE
) -> DeliveryPage:
    """Return one page of what *wanted* matches, latest first, and the key to go on from."""
    walked, end = _walk(account, wanted, before)
    found = _chosen(account, walked, wanted).limit(size + 1).subquery()
    shown = (getattr(Delivery, name) for name in DeliveryLine._fields if hasattr(Delivery, name))
    rows = db.session.execute(
        select(*shown, Contact.name, Contact.email)
        .select_from(found)
        .join(Delivery, Delivery.id == found.c.id)
        .join(Contact, Contact.id == found.c.contact_id)
        .order_by(found.c.created_at.desc(), found.c.id.desc())
    )
    lines = [DeliveryLine._make(row) for row in rows]
    if len(lines) > size:
        last = lines[size - 1]
        return DeliveryPage(lines[:size], (last.created_at, last.id))
    return DeliveryPage(lines, end, end[0] if end else None)


def revivable(
    account: Account, wanted: Filter, *, before: Key | None = None, most: int
) -> tuple[list[int], Key | None]:
    """Return the messages that *wanted* matches and that can be sent again, latest first, at most
    *most*; and the key to go on from when there may be more."""
    walked, end = _walk(account, wanted, before, is_bounded=True)
    can_be = (
        walked.c.status.in_(REVIVABLE),
        _link_lives(walked.c.id),
        ~Delivery.has_stand_in(walked.c.id),
    )
    rows = db.session.execute(_chosen(account, walked, wanted).where(*can_be).limit(most)).all()
    ids = [row.id for row in rows]
    if len(ids) == most:
        return ids, (rows[-1].created_at, rows[-1].id)
    return ids, end


def trouble(account_id: int) -> list[tuple[str, int]]:
    """Return (cause, messages) for what did not arrive in the last 30 days and has not been put
    right, the most frequent first. Looks at the latest thousand failures and no more."""
    latest = (
        select(Delivery.id, Delivery.cause, Delivery.contact_id)
        .where(
            Delivery.account_id == account_id,
            _IS_TROUBLE,
            Delivery.created_at > now() - TROUBLE_DAYS,
        )
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
        .limit(TROUBLE_MOST)
        .subquery()
    )
    count = func.count()
    rows = db.session.execute(
        select(latest.c.cause, count)
        .where(*_still_open(account_id, latest))
        .group_by(latest.c.cause)
        .order_by(count.desc(), latest.c.cause)
    )
    return [(row[0], row[1]) for row in rows]


def sent_by_request(contact_ids: list[int], request_id: str) -> list[tuple[int, datetime]]:
    """Return (delivery, when it goes out) for what this request has queued for the contacts."""
    rows = db.session.execute(
        select(Delivery.id, Delivery.due_at)
        .join(Event, Event.delivery_id == Delivery.id)
        .where(
            Event.contact_id.in_(contact_ids),
            Event.request_id == request_id,
            Delivery.status == Status.QUEUED,
        )
        .order_by(Delivery.id)
    )
    return [(row[0], row[1]) for row in rows]


def _walk(
    account: Account, wanted: Filter, before: Key | None, *, is_bounded: bool = False
) -> tuple[Any, Key | None]:
    """Return what is looked through for a page, and where that ends if there may be more: a
    stretch of the account's messages, or all of the few contacts that were searched for."""
    columns = [getattr(Delivery, name) for name in _WALKED]
    bounds = _bounds(wanted, before)
    few = few_contacts(account, wanted.q)
    if few is not None:
        # Materialized, or a planner could walk through everybody's messages to find these few.
        mine = select(*columns).where(Delivery.contact_id.in_(few or NOBODY), *bounds)
        return mine.cte("mine").prefix_with("MATERIALIZED"), None
    bounds.append(Delivery.account_id == account.id)
    if wanted.is_of_trouble:
        bounds.append(_IS_TROUBLE)
    end = _end_of(bounds) if is_bounded or wanted.picks else None
    if end is not None:
        bounds.append(_by_time >= tuple_(literal(end[0], UtcDateTime()), end[1]))
    return select(*columns).where(*bounds).subquery("walked"), end


def _end_of(bounds: list[ColumnElement[bool]]) -> Key | None:
    """Return the last message of the stretch, or None when it holds all there are. Known before,
    it bounds the walk, which so ends as soon as a page is full."""
    row = db.session.execute(
        select(Delivery.created_at, Delivery.id)
        .where(*bounds)
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
        .limit(1)
        .offset(REACH - 1)
    ).first()
    return (row[0], row[1]) if row else None


def _bounds(wanted: Filter, before: Key | None) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        bounds.append(Delivery.created_at >= wanted.since)
    if wanted.until is not None:
        bounds.append(Delivery.created_at < wanted.until)
    if before is not None:
        # Without its own type the time would go to SQLite as text, and be later than any number.
        at, row_id = before
        bounds.append(_by_time < tuple_(literal(at, UtcDateTime()), row_id))
    return bounds


def _chosen(account: Account, walked: Any, wanted: Filter) -> Select[Any]:
    query = select(walked.c.id, walked.c.created_at, walked.c.contact_id)
    for name in ("channel", "kind"):
        if getattr(wanted, name):
            query = query.where(walked.c[name] == getattr(wanted, name))
    if wanted.cause:
        cause = "" if wanted.cause == OTHER else wanted.cause
        query = query.where(walked.c.cause == cause, walked.c.status.in_(TROUBLE))
    if wanted.status == UNDELIVERED:
        query = query.where(*_still_open(account.id, walked), walked.c.status.in_(TROUBLE))
    elif wanted.status:
        query = query.where(walked.c.status == wanted.status)
    if wanted.q and walked.name == "walked":
        found = matching(Contact.__table__.c, Search.of(wanted.q))
        query = query.join(Contact, Contact.id == walked.c.contact_id).where(*found)
    return query.order_by(walked.c.created_at.desc(), walked.c.id.desc())


def few_contacts(account: Account, q: str) -> list[int] | None:
    """Return the contacts that *q* means, or None when it means nobody in particular."""
    if not q.strip() or are_more_than(FEW, account, q):
        return None
    asked = select(Contact.id).where(
        Contact.account_id == account.id, *matching(Contact.__table__.c, Search.of(q))
    )
    known = few(account, Wanted(q=q))
    if known == []:
        return []
    if known is not None:
        asked = asked.where(is_one_of(Contact.__table__.c.id, known))
    found = list(db.session.scalars(asked.limit(FEW + 1)))
    return found if len(found) <= FEW else None


def _still_open(account_id: int, rows: Any) -> list[ColumnElement[bool]]:
    """Nothing has stood in for the message, and the contact has not been reached since."""
    follower = aliased(Delivery)
    # A scalar, which planners ask for each row that comes: of an "exists" PostgreSQL makes a join
    # and may read all who are undelivered, which is more than the page will ever look at.
    is_undelivered = (
        select(true())
        .where(
            PortalAccess.account_id == account_id,
            PortalAccess.contact_id == rows.c.contact_id,
            literal_column("portal_access.undelivered"),
        )
        .scalar_subquery()
    )
    return [~exists().where(follower.follows_id == rows.c.id), is_undelivered.is_not(None)]


def _link_lives(delivery_id: ColumnElement[Any]) -> ColumnElement[bool]:
    owed = aliased(Delivery)
    return exists().where(
        owed.id == delivery_id,
        MagicLink.id == owed.link_id,
        MagicLink.expires_at > now(),
        MagicLink.used_at.is_(None),
        MagicLink.revoked_at.is_(None),
    )


_by_time = tuple_(Delivery.created_at, Delivery.id)
# All that a filter asks, and no more: of trouble it stands in the index that is walked by.
_WALKED = ("id", "created_at", "contact_id", "kind", "channel", "status", "cause")
# In the very words of the index ix_delivery_trouble: with parameters SQLite would not use it.
_IS_TROUBLE: ColumnElement[bool] = literal_column(
    "delivery.status IN ('bounced', 'complained', 'failed', 'expired', 'unknown')"
)

"""Claims: attempts that workers take, each by one conditional UPDATE, and the rows they need."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import String, bindparam, or_, select, update

from portal.config import settings
from portal.db import UtcDateTime, alone, big_id, db, execute, first, now, put
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.contact import Contact
from portal.models.delivery import IS_PENDING, Delivery, Status
from portal.models.magic_link import MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff

SPREAD = 60
"""Of so many of the last ones, any may be the one that another worker is woken for."""


class Claim(NamedTuple):
    """One attempt that a worker holds until the lease runs out. *attempt* fences its result."""

    delivery_id: int
    attempt: int
    account_id: int
    contact_id: int
    link_id: UUID
    channel: str
    kind: str
    note: str
    deadline_at: datetime
    slot_at: datetime | None
    follows_id: int | None
    is_takeover: bool = False
    """Another worker began an attempt and never wrote its end: the message may have gone out."""


class Due(NamedTuple):
    """Who a due delivery is for, read before anything is taken."""

    account_id: int
    channel: str
    has_own_settings: bool


class People(NamedTuple):
    """All rows that one attempt needs."""

    delivery_id: int
    link: MagicLink
    contact: Contact
    access: PortalAccess
    account: Account
    sender: Staff | None
    setting: ChannelSetting | None


def due(delivery_id: int) -> Due | None:
    """Tell who the delivery is for if it is due, without a transaction; most wakes that come too
    late end here."""
    row = first(_DUE, {"wanted": delivery_id, "at": now()})
    return Due._make(row) if row else None


def has_own_settings(account_id: int, channel: str) -> bool:
    """Tell whether the account has set *channel* up for itself, without a transaction."""
    return first(_OWN, {"of_account": account_id, "of_channel": channel}) is not None


def owe_claimed(link: MagicLink, channel: str, *, note: str = "") -> Claim:
    """Owe the message that carries *link*, its first attempt taken by the worker at hand."""
    delivery = Delivery.of(link, channel, note)
    delivery.status, delivery.attempts = Status.SENDING, 1
    delivery.lease_until = link.created_at + timedelta(seconds=settings().lease)
    put(delivery)
    return Claim(
        delivery_id=delivery.id,
        attempt=1,
        account_id=link.account_id,
        contact_id=link.contact_id,
        link_id=link.id,
        channel=channel,
        kind=link.kind,
        note=note,
        deadline_at=link.expires_at,
        slot_at=None,
        follows_id=None,
    )


def claim(delivery_id: int, *, more: int = 0) -> list[Claim]:
    """Take one attempt, unless another worker holds it or it is not due; and with it up to *more*
    others that are due for the same account and channel."""
    at = now()
    until = at + timedelta(seconds=settings().lease)
    taken = {"claimed": delivery_id, "at": at, "until": until}
    for is_takeover, statement in ((False, _CLAIM_DUE), (True, _CLAIM_STALLED)):
        row = execute(statement, taken).first()
        if row:
            held = Claim._make((*row, is_takeover))
            return [held, *(claim_more(held.account_id, held.channel, more) if more else ())]
    return []


def claim_more(account_id: int, channel: str, most: int) -> list[Claim]:
    """Take up to *most* attempts that are due for the account on the channel, oldest first."""
    at = now()
    # What another worker is taking is skipped: two that wait for each other's rows wait for ever.
    ids = execute(_BESIDE, {"account": account_id, "by": channel, "at": at, "most": most})
    wanted = [row[0] for row in ids]
    if not wanted:
        return []
    until = at + timedelta(seconds=settings().lease)
    rows = execute(_CLAIM_MANY, {"claimed": wanted, "at": at, "until": until})
    return sorted((Claim._make((*row, False)) for row in rows), key=_by_place(wanted))


def next_for_another(account_id: int, channel: str) -> int | None:
    """Return one of the last that are due for the account on the channel: whoever is woken for it
    still finds it then, though others take the oldest first."""
    for place in (random.randrange(SPREAD), 0):  # noqa: S311
        found = first(_LAST, {"account": account_id, "by": channel, "at": now(), "place": place})
        if found:
            return int(found[0])
    return None


def still_held(claims: Sequence[Claim]) -> set[int]:
    """Return those of the deliveries that are still there and being sent: a contact may be deleted
    or merged between two messages. It needs no transaction."""
    ids = [held.delivery_id for held in claims]
    with alone().connect() as connection:
        found = connection.execute(_STILL_HELD, {"claimed": ids})
        links = {row[0]: row[1] for row in found}
    return {held.delivery_id for held in claims if links.get(held.delivery_id) == held.link_id}


def _by_place(wanted: list[int]) -> Callable[[Claim], int]:
    places = {row_id: place for place, row_id in enumerate(wanted)}
    return lambda held: places[held.delivery_id]


def people(claims: Sequence[Claim]) -> dict[int, People]:
    """Return what each attempt needs, by delivery."""
    query = _PEOPLE_OF_ONE if len(claims) == 1 else _PEOPLE
    wanted: Any = [held.delivery_id for held in claims]
    rows = db.session.execute(query, {"wanted": wanted[0] if len(claims) == 1 else wanted})
    return {row[0]: People._make(row) for row in rows}


_AT = bindparam("at", type_=UtcDateTime())
_OWN = select(ChannelSetting.id).where(
    ChannelSetting.account_id == bindparam("of_account", type_=big_id),
    ChannelSetting.channel == bindparam("of_channel", type_=String()),
    ChannelSetting.sealed.is_not(None),
)
_DUE = (
    select(Delivery.account_id, Delivery.channel, ChannelSetting.sealed.is_not(None))
    .outerjoin(
        ChannelSetting,
        (ChannelSetting.account_id == Delivery.account_id)
        & (ChannelSetting.channel == Delivery.channel),
    )
    .where(
        Delivery.id == bindparam("wanted", type_=big_id),
        or_(
            (Delivery.status == Status.QUEUED) & (Delivery.due_at <= _AT),
            (Delivery.status == Status.SENDING) & (Delivery.lease_until <= _AT),
        ),
    )
)
_TAKE = (
    update(Delivery)
    .values(
        status=Status.SENDING,
        attempts=Delivery.attempts + 1,
        held=False,
        lease_until=bindparam("until", type_=UtcDateTime()),
    )
    .returning(
        Delivery.id,
        Delivery.attempts,
        Delivery.account_id,
        Delivery.contact_id,
        Delivery.link_id,
        Delivery.channel,
        Delivery.kind,
        Delivery.note,
        Delivery.deadline_at,
        Delivery.slot_at,
        Delivery.follows_id,
    )
)
_CLAIM = _TAKE.where(Delivery.id == bindparam("claimed", type_=big_id))
_CLAIM_DUE = _CLAIM.where(Delivery.status == Status.QUEUED, Delivery.due_at <= _AT)
_CLAIM_STALLED = _CLAIM.where(Delivery.status == Status.SENDING, Delivery.lease_until <= _AT)
_CLAIM_MANY = _TAKE.where(
    Delivery.id.in_(bindparam("claimed", expanding=True, type_=big_id)),
    Delivery.status == Status.QUEUED,
    Delivery.due_at <= _AT,
)
_STILL_HELD = select(Delivery.id, Delivery.link_id).where(
    Delivery.id.in_(bindparam("claimed", expanding=True, type_=big_id)),
    Delivery.status == Status.SENDING,
)
_WAITING = select(Delivery.id).where(
    IS_PENDING,
    Delivery.status == Status.QUEUED,
    Delivery.due_at <= _AT,
    Delivery.account_id == bindparam("account", type_=big_id),
    Delivery.channel == bindparam("by", type_=String()),
)
_BESIDE = (
    _WAITING.order_by(Delivery.due_at)
    .limit(bindparam("most", type_=big_id))
    .with_for_update(skip_locked=True)
)
_LAST = (
    _WAITING.order_by(Delivery.due_at.desc(), Delivery.id.desc())
    .limit(1)
    .offset(bindparam("place", type_=big_id))
)
_ALL = (
    select(Delivery.id, MagicLink, Contact, PortalAccess, Account, Staff, ChannelSetting)
    .join(MagicLink, MagicLink.id == Delivery.link_id)
    .join(Contact, Contact.id == Delivery.contact_id)
    .join(PortalAccess, PortalAccess.contact_id == Delivery.contact_id)
    .join(Account, Account.id == Delivery.account_id)
    .outerjoin(Staff, Staff.id == MagicLink.issued_by)
    .outerjoin(
        ChannelSetting,
        (ChannelSetting.account_id == Delivery.account_id)
        & (ChannelSetting.channel == Delivery.channel),
    )
    .execution_options(populate_existing=True)
)
_PEOPLE_OF_ONE = _ALL.where(Delivery.id == bindparam("wanted", type_=big_id))
_PEOPLE = _ALL.where(Delivery.id.in_(bindparam("wanted", expanding=True, type_=big_id)))

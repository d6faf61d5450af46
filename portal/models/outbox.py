"""The outbox: the deliveries as workers see them. Each change is one conditional UPDATE."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    String,
    TextClause,
    bindparam,
    false,
    literal,
    or_,
    select,
    text,
    update,
)

from portal.config import settings
from portal.db import UtcDateTime, big_id, db, execute, first, now, put
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.contact import Contact
from portal.models.delivery import IS_PENDING, Delivery, Status
from portal.models.magic_link import MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff

JITTER = 0.2
HELD_AT_ONCE = 1000
PUT_BACK = timedelta(hours=1)
"""A row from so far ahead tells that the clock was put back."""
SPREAD = 60
WAKES_OF_ONE_LANE = 100


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


def _by_place(wanted: list[int]) -> Callable[[Claim], int]:
    places = {row_id: place for place, row_id in enumerate(wanted)}
    return lambda held: places[held.delivery_id]


def people(claims: Sequence[Claim]) -> dict[int, People]:
    """Return what each attempt needs, by delivery."""
    query = _PEOPLE_OF_ONE if len(claims) == 1 else _PEOPLE
    wanted: Any = [held.delivery_id for held in claims]
    rows = db.session.execute(query, {"wanted": wanted[0] if len(claims) == 1 else wanted})
    return {row[0]: People._make(row) for row in rows}


def finish(
    held: Claim,
    status: Status,
    *,
    error: str = "",
    reply: str = "",
    cause: str = "",
    provider_id: str = "",
    receipt_due_at: datetime | None = None,
) -> bool:
    """Write the attempt's end, unless a later attempt has begun meanwhile."""
    return _close(
        held,
        status=status,
        error=error,
        reply=reply,
        cause=cause,
        provider_id=provider_id,
        receipt_due_at=receipt_due_at,
        finished_at=now(),
    )


def finish_many(ended: Sequence[tuple[Claim, Status, str, str]]) -> set[int]:
    """Write the ends of attempts that went well, by one statement: each with its status, reply
    and provider's id. Return the deliveries that no later attempt has begun for meanwhile."""
    values: dict[str, Any] = {"at": now()}
    for n, (held, status, reply, provider_id) in enumerate(ended):
        values |= {f"id{n}": held.delivery_id, f"attempt{n}": held.attempt}
        values |= {f"status{n}": str(status), f"reply{n}": reply, f"provider_id{n}": provider_id}
    return {row[0] for row in execute(_finishing(len(ended)), values)}


def put_back(
    held: Claim, due_at: datetime, *, error: str, reply: str = "", cause: str = ""
) -> bool:
    """Try again at *due_at*, in a turn of its own, unless a later attempt has begun meanwhile."""
    return _close(
        held,
        status=Status.QUEUED,
        due_at=due_at,
        slot_at=None,
        error=error,
        reply=reply,
        cause=cause,
    )


def end_for(delivery_id: int, attempt: int, **values: Any) -> bool:
    """Write the end of an attempt whose worker is dead, unless another has begun meanwhile."""
    values["lease_until"] = None
    of = {"of_delivery": delivery_id, "of_attempt": attempt}
    return execute(_closing(set(values)), {**of, **values}).first() is not None


def wait(held: Claim, due_at: datetime, *, error: str, reply: str = "", cause: str = "") -> bool:
    """Let it wait for its channel until *due_at*; the attempt does not count."""
    return _close(
        held,
        status=Status.QUEUED,
        attempts=held.attempt - 1,
        held=True,
        due_at=due_at,
        slot_at=None,
        error=error,
        reply=reply,
        cause=cause,
    )


def return_unsent(
    held: Claim, due_at: datetime, *, is_held: bool = False, slot_at: datetime | None = None
) -> bool:
    """Give the attempt back as if it had never been taken."""
    values: dict[str, Any] = {"status": Status.QUEUED, "due_at": due_at, "held": is_held}
    if slot_at is not None:
        values["slot_at"] = slot_at
    return _close(held, attempts=held.attempt - 1, **values)


def move(held: Claim, channel: str) -> bool:
    """Let *channel* carry the delivery that is being attempted."""
    return execute(_closing({"channel"}), {**_of(held), "channel": channel}).first() is not None


def hold(account_id: int, channel: str, until: datetime) -> None:
    """Let what is due for the account on the channel wait until *until*, or its own end."""
    # Without its own type the time would go to SQLite as text, and be later than any number.
    at = literal(until, UtcDateTime())
    some = (
        select(Delivery.id)
        .where(
            IS_PENDING,
            Delivery.status == Status.QUEUED,
            Delivery.due_at <= now(),
            Delivery.account_id == account_id,
            Delivery.channel == channel,
        )
        .limit(HELD_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    db.session.execute(
        update(Delivery)
        .where(Delivery.id.in_(some), Delivery.status == Status.QUEUED)
        .values(
            held=True,
            slot_at=None,
            due_at=db.case((Delivery.deadline_at < at, Delivery.deadline_at), else_=at),
        )
        .execution_options(synchronize_session=False)
    )


def expire_lease(held: Iterable[tuple[int, int]]) -> None:
    """Let others take over at once what a dead worker held: (delivery, attempt) each."""
    for delivery_id, attempt in held:
        execute(
            _closing({"lease_until"}),
            {"of_delivery": delivery_id, "of_attempt": attempt, "lease_until": now()},
        )


def overdue(*, by: timedelta, limit: int) -> list[tuple[int, bool]]:
    """Return the deliveries that nobody has taken up, each with whether its wake got lost: their
    time has come, they were not woken for *by*, or their lease ran out."""
    at = now()
    queued = select(
        Delivery.id,
        Delivery.due_at == Delivery.created_at,
        Delivery.account_id,
        Delivery.channel,
    ).where(
        IS_PENDING,
        Delivery.status == Status.QUEUED,
        Delivery.due_at <= at,
        # What waited for its time was never announced; the rest had its own wake.
        or_(Delivery.due_at > Delivery.created_at, Delivery.due_at <= at - by),
    )
    stalled = select(Delivery.id, false()).where(
        IS_PENDING, Delivery.status == Status.SENDING, Delivery.lease_until <= at
    )
    found: list[Any] = [*db.session.execute(stalled.limit(limit))]
    seen: Counter[tuple[int, str]] = Counter()
    for row in db.session.execute(queued.order_by(Delivery.due_at).limit(limit)):
        lane = row.account_id, row.channel
        seen[lane] += 1
        # Who is woken for one takes up its neighbours; more wakes would keep other lanes waiting.
        if seen[lane] <= WAKES_OF_ONE_LANE:
            found.append(row)
    return [(row[0], bool(row[1])) for row in found]


def catch_up() -> None:
    """Bring near what lies too far ahead because the clock was put back: leases longer than leases
    are, and what was written at an hour that is still to come."""
    at = now()
    held = (IS_PENDING, Delivery.status == Status.SENDING)
    written = (IS_PENDING, Delivery.status == Status.QUEUED, Delivery.created_at > at + PUT_BACK)
    for where, values in (
        ((*held, Delivery.lease_until > at + PUT_BACK), {"lease_until": at}),
        ((*written, Delivery.due_at > at), {"due_at": at}),
    ):
        db.session.execute(
            update(Delivery)
            .where(*where)
            .values(values)
            .execution_options(synchronize_session=False)
        )


def without_receipt(limit: int) -> list[int]:
    """Return the deliveries whose receipt should have come by now."""
    query = select(Delivery.id).where(Delivery.receipt_due_at <= now())
    return list(db.session.scalars(query.limit(limit)))


def pause_after(attempt: int) -> timedelta:
    """Return the pause after the *attempt*th attempt (from 1), ±20 % so that crowds spread out."""
    pauses = settings().backoff
    seconds = pauses[min(attempt, len(pauses)) - 1]
    return timedelta(seconds=seconds * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311


def _close(claimed: Claim, **values: Any) -> bool:
    return end_for(claimed.delivery_id, claimed.attempt, **values)


def _of(held: Claim) -> dict[str, int]:
    return {"of_delivery": held.delivery_id, "of_attempt": held.attempt}


def _closing(names: set[str]) -> Any:
    """Return the UPDATE of *names* for whoever still holds the attempt; built once for each set."""
    key = frozenset(names)
    if key not in _CLOSINGS:
        columns = Delivery.__table__.columns
        _CLOSINGS[key] = (
            update(Delivery)
            .where(
                Delivery.id == bindparam("of_delivery", type_=big_id),
                Delivery.attempts == bindparam("of_attempt", type_=big_id),
                Delivery.status == Status.SENDING,
            )
            .values({name: bindparam(name, type_=columns[name].type) for name in sorted(key)})
            .returning(Delivery.id)
        )
    return _CLOSINGS[key]


@cache
def _finishing(count: int) -> TextClause:
    """Return the UPDATE for *count* attempts; each is fenced by its own number."""
    names = ("id", "attempt", "status", "reply", "provider_id")
    rows = ", ".join(f"({', '.join(f':{name}{n}' for name in names)})" for n in range(count))
    return text(
        f"WITH ended ({', '.join(names)}) AS (VALUES {rows}) "  # noqa: S608 - names of ours
        "UPDATE delivery SET status = ended.status, reply = ended.reply, "
        "provider_id = ended.provider_id, error = '', cause = '', receipt_due_at = NULL, "
        "lease_until = NULL, finished_at = :at "
        "FROM ended WHERE delivery.id = ended.id AND delivery.attempts = ended.attempt "
        "AND delivery.status = 'sending' RETURNING delivery.id"
    ).bindparams(bindparam("at", type_=UtcDateTime()))


_CLOSINGS: dict[frozenset[str], Any] = {}
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
_BESIDE = (
    select(Delivery.id)
    .where(
        IS_PENDING,
        Delivery.status == Status.QUEUED,
        Delivery.due_at <= _AT,
        Delivery.account_id == bindparam("account", type_=big_id),
        Delivery.channel == bindparam("by", type_=String()),
    )
    .order_by(Delivery.due_at)
    .limit(bindparam("most", type_=big_id))
    .with_for_update(skip_locked=True)
)
_LAST = (
    select(Delivery.id)
    .where(
        IS_PENDING,
        Delivery.status == Status.QUEUED,
        Delivery.due_at <= _AT,
        Delivery.account_id == bindparam("account", type_=big_id),
        Delivery.channel == bindparam("by", type_=String()),
    )
    .order_by(Delivery.due_at.desc(), Delivery.id.desc())
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

"""The outbox: how attempts end, what waits, and what nobody has taken up."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
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
from portal.db import UtcDateTime, big_id, db, execute, now
from portal.models.claims import Claim
from portal.models.delivery import IS_PENDING, Delivery, Status

JITTER = 0.2
HELD_AT_ONCE = 1000
PUT_BACK = timedelta(hours=1)
"""A row from so far ahead tells that the clock was put back."""
WAKES_OF_ONE_LANE = 100


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
    """Give the attempt back as if it had never been taken. What is held takes another turn."""
    values: dict[str, Any] = {"status": Status.QUEUED, "due_at": due_at, "held": is_held}
    if slot_at is not None or is_held:
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

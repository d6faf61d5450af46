"""The outbox by hand: staff send a message again, now, by another way, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from portal import fallback
from portal.db import atomic
from portal.models.account import Account
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.staff import Staff

BATCH = 50


@atomic
def retry(account: Account, delivery: Delivery, *, by: Staff, request_id: str = "") -> bool:
    """Queue *delivery* once more with the same link. Tell whether that was possible: it has ended
    without arriving, and its link still opens."""
    if not Delivery.revive(account.id, delivery.id):
        return False
    _record("retried", delivery.id, delivery, by, request_id)
    return True


def retry_all(
    account: Account, delivery_ids: Sequence[int], *, by: Staff, request_id: str = ""
) -> int:
    """Queue each of *delivery_ids* once more; return how many that was.

    In transactions of fifty, so that nobody waits long for a lock; pressing again goes on.
    """
    ids = _in_order(delivery_ids)
    return sum(
        _retry_some(account, ids[start : start + BATCH], by, request_id)
        for start in range(0, len(ids), BATCH)
    )


@atomic
def cancel(
    account: Account, delivery_ids: Sequence[int], *, by: Staff, request_id: str = ""
) -> int:
    """Take back those of *delivery_ids* that have not gone out; return how many that were."""
    taken_back = 0
    for delivery_id in _in_order(delivery_ids):
        why = f"{by.called} took it back."
        if Delivery.cancel(account.id, delivery_id, why):
            taken_back += 1
            found = Delivery.find(account.id, delivery_id)
            _record("cancelled", delivery_id, found, by, request_id, reason=why)
    return taken_back


@atomic
def send_now(
    account: Account, delivery_ids: Sequence[int], *, by: Staff, request_id: str = ""
) -> int:
    """Let those of *delivery_ids* that wait go out at once; return how many that were."""
    hurried = [one for one in _in_order(delivery_ids) if Delivery.hurry(account.id, one)]
    for delivery_id in hurried:
        _record("hurried", delivery_id, Delivery.find(account.id, delivery_id), by, request_id)
    return len(hurried)


@atomic
def send_by(delivery: Delivery, channel: str, *, by: Staff) -> Delivery | None:
    """Send the link of *delivery* through *channel* too.

    Returns None when the link opens nothing any more, or something stands in for it already.
    """
    return fallback.send_by(delivery, channel, by=by)


def _in_order(delivery_ids: Sequence[int]) -> list[int]:
    """Return the ids in the order in which everybody takes them: of two who press at once, none
    holds what the other waits for."""
    return sorted(set(delivery_ids))


@atomic
def _retry_some(account: Account, ids: Sequence[int], by: Staff, request_id: str) -> int:
    revived = 0
    for delivery_id in ids:
        if Delivery.revive(account.id, delivery_id):
            revived += 1
            found = Delivery.find(account.id, delivery_id)
            _record("retried", delivery_id, found, by, request_id)
    return revived


def _record(
    kind: str,
    delivery_id: int,
    delivery: Delivery | None,
    by: Staff,
    request_id: str,
    **detail: str,
) -> None:
    if delivery is not None:
        Event.record(
            kind,
            account_id=delivery.account_id,
            contact_id=delivery.contact_id,
            by=by,
            link_id=delivery.link_id,
            delivery_id=delivery_id,
            request_id=request_id,
            detail={"channel": delivery.channel, **detail},
        )

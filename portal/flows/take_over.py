"""Take over: what a worker held that died, and what should have had a receipt by now."""

from __future__ import annotations

from datetime import datetime, timedelta

from portal import fallback, plugins
from portal.channel import ChannelError
from portal.config import settings
from portal.db import after_commit, atomic, db, now
from portal.lanes import Left
from portal.languages import mark
from portal.models import outbox
from portal.models.channel_setting import ChannelSetting
from portal.models.delivery import Delivery, Status
from portal.models.event import Event
from portal.models.portal_access import PortalAccess
from portal.plugins.guard import About

OVERDUE = mark("No receipt came in time; nobody knows whether the message arrived.")


@atomic
def take_over(left: Left, *, how: str, is_plugins_fault: bool) -> None:
    """Write the ends of what a dead worker *left*, in place of it.

    What the provider had taken is sent; what was under way is in doubt; the rest may be taken up by
    others at once. *how* says how the worker ended.
    """
    for delivery_id, attempt in left.sent:
        _write(delivery_id, attempt, Status.SENT, "")
    if left.under_way and is_plugins_fault:
        _fault(*left.under_way, how)
    elif left.under_way:
        outbox.expire_lease([left.under_way])
    outbox.expire_lease(left.others)


@atomic
def stop_waiting(delivery_id: int) -> None:
    """Let the next channel carry the link: the receipt of this delivery has not come in time."""
    waited = db.session.execute(
        db.update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.receipt_due_at <= now())
        .values(receipt_due_at=None)
        .returning(Delivery.status)
        .execution_options(synchronize_session=False)
    ).first()
    if waited is not None and waited[0] in (Status.SENT, Status.UNKNOWN):
        fallback.stand_in(delivery_id, OVERDUE)


def _fault(delivery_id: int, attempt: int, how: str) -> None:
    """The plugin took the whole process with it: that is told, and counts against its channel."""
    delivery = db.session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is None or delivery.status != Status.SENDING or delivery.attempts != attempt:
        return
    found = plugins.current()
    channel = found.channel(delivery.channel)
    name = channel.name if channel else delivery.channel
    words = f"The {name} plugin ended the worker process ({how})."
    plugin, about = found.plugin_of(delivery.channel), About(delivery.account_id)
    after_commit(lambda: found.failed(plugin, "send", ChannelError(words), about))
    setting = ChannelSetting.find_or_add(delivery.account_id, delivery.channel)
    if setting.fail("failures", words, was_probe=setting.is_paused):
        detail = {"channel": delivery.channel, "reason": words}
        Event.record("channel_paused", account_id=delivery.account_id, detail=detail)
    if channel is None or not channel.caps.idempotent:
        _write(delivery_id, attempt, Status.UNKNOWN, words)
    elif attempt >= settings().attempts:
        _write(delivery_id, attempt, Status.FAILED, words)
    else:
        _try_later(delivery, attempt, words)


def _try_later(delivery: Delivery, attempt: int, words: str) -> None:
    due_at = now() + outbox.pause_after(attempt)
    if due_at >= delivery.deadline_at:
        _write(delivery.id, attempt, Status.EXPIRED, words)
    elif outbox.end_for(
        delivery.id, attempt, status=Status.QUEUED, due_at=due_at, error=words, cause="fault"
    ):
        _record(delivery, "delayed", attempt, words, due_at=due_at.isoformat())


def _write(delivery_id: int, attempt: int, status: Status, words: str) -> None:
    delivery = db.session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is None or not outbox.end_for(
        delivery_id,
        attempt,
        status=status,
        error=words,
        cause="fault" if words else "",
        receipt_due_at=_receipt_due_at(delivery) if status == Status.SENT else None,
        finished_at=now(),
    ):
        return
    _record(delivery, str(status), attempt, words)
    PortalAccess.mark_delivery(delivery.contact_id, undelivered=status != Status.SENT)
    if status == Status.UNKNOWN:
        fallback.ask_staff_about(delivery.id, words)
    elif status != Status.SENT:
        fallback.stand_in(delivery.id, words)


def _receipt_due_at(delivery: Delivery) -> datetime | None:
    channel = plugins.current().channel(delivery.channel)
    setting = ChannelSetting.find(delivery.account_id, delivery.channel)
    if channel is None or not channel.caps.receipts or setting is None or not setting.receipt_wait:
        return None
    return now() + timedelta(seconds=setting.receipt_wait)


def _record(delivery: Delivery, kind: str, attempt: int, words: str, **more: str) -> None:
    detail = {"channel": delivery.channel, "attempt": attempt, "reason": words, **more}
    Event.record(
        kind,
        account_id=delivery.account_id,
        contact_id=delivery.contact_id,
        link_id=delivery.link_id,
        delivery_id=delivery.id,
        detail=detail,
    )

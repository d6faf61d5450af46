"""Take over: what a worker held that died, and what should have had a receipt by now."""

from __future__ import annotations

from portal import fallback, plugins
from portal.channel import ChannelError
from portal.db import after_commit, atomic, db, now
from portal.lanes import Left
from portal.models import outbox
from portal.models.channel_setting import ChannelSetting
from portal.models.delivery import Delivery, Status
from portal.models.event import Event
from portal.models.portal_access import PortalAccess
from portal.plugins.guard import About

OVERDUE = "No receipt came in time; nobody knows whether the message arrived."


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
    if channel is not None and channel.caps.idempotent:
        again = now() + outbox.pause_after(attempt)
        if _back(delivery_id, attempt, again, words):
            return
    _write(delivery_id, attempt, Status.UNKNOWN, words)


def _back(delivery_id: int, attempt: int, due_at: object, words: str) -> bool:
    return outbox.end_for(
        delivery_id, attempt, status=Status.QUEUED, due_at=due_at, error=words, cause="fault"
    )


def _write(delivery_id: int, attempt: int, status: Status, words: str) -> None:
    if not outbox.end_for(
        delivery_id,
        attempt,
        status=status,
        error=words,
        cause="fault" if words else "",
        finished_at=now(),
    ):
        return
    delivery = db.session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is None:
        return
    Event.record(
        str(status),
        account_id=delivery.account_id,
        contact_id=delivery.contact_id,
        link_id=delivery.link_id,
        delivery_id=delivery.id,
        detail={"channel": delivery.channel, "attempt": attempt, "reason": words},
    )
    if status == Status.UNKNOWN:
        PortalAccess.mark_delivery(delivery.contact_id, undelivered=True)
        fallback.ask_staff_about(delivery.id, words)

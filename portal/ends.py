"""The ends of attempts: what is written of each, and what follows for channel and contact."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from portal import fallback, plugins
from portal.attempt import End, Job
from portal.config import settings
from portal.db import now
from portal.models import outbox
from portal.models.channel_setting import ChannelSetting
from portal.models.delivery import Delivery, Status
from portal.models.event import Event
from portal.models.portal_access import PortalAccess

OUT = (Status.SENT, Status.DELIVERED)
A_MOMENT = timedelta(seconds=1)


def write_ends(ends: list[tuple[Job, End]]) -> None:
    """Write how the attempts went, in the caller's transaction.

    A worker that stalled past its lease writes nothing.
    """
    well = [(job, end) for job, end in ends if _went_well(job, end)]
    if well:
        _end_well(well)
    for job, end in ends:
        if not _went_well(job, end):
            _write(job, end)
    used = {job.setting.id: job.setting for job, end in ends if job.setting and end.status in OUT}
    for setting in used.values():
        setting.note_sent()


def _went_well(job: Job, end: End) -> bool:
    """Tell whether nothing but the end itself is to be written, as of nearly every message."""
    is_healthy = job.setting is None or not (job.setting.failures or job.setting.is_paused)
    is_plain = not (job.was_undelivered or end.blame or end.error or _receipt_due_at(job, end))
    return end.status in OUT and is_healthy and is_plain


def _end_well(ends: list[tuple[Job, End]]) -> None:
    won = outbox.finish_many([(job.claim, e.status, e.reply, e.provider_id) for job, e in ends])
    lines = [_line(job, str(e.status), e) for job, e in ends if job.claim.delivery_id in won]
    if lines:
        Event.record_many(lines)


def _write(job: Job, end: End) -> None:
    if end.blame:
        _blame(job, end)
    elif end.status in OUT:
        _praise(job)
    elif job.is_probe:
        _probe_on(job)
    if not end.try_again:
        write_end(job, end)
    elif end.blame == "sign_in":
        _wait_for_channel(job, end)
    else:
        _try_later(job, end)


def _try_later(job: Job, end: End) -> None:
    """Put the message back with a growing pause, unless its attempts or its time are spent."""
    claim = job.claim
    if claim.attempt >= settings().attempts:
        write_end(job, replace(end, try_again=False))
        return
    pause = max(outbox.pause_after(claim.attempt), timedelta(seconds=end.retry_after))
    due_at = now() + pause
    if due_at >= claim.deadline_at:
        write_end(job, replace(end, status=Status.EXPIRED, try_again=False))
    elif outbox.put_back(claim, due_at, error=end.error, reply=end.reply, cause=end.cause):
        _record(job, "delayed", end, due_at=due_at.isoformat())


def _wait_for_channel(job: Job, end: End) -> None:
    """Nothing is wrong with the message: it waits, its attempts unspent, until we are let in."""
    setting = ChannelSetting.find_or_add(job.account.id, job.claim.channel)
    until = setting.paused_until or now() + A_MOMENT
    due_at = min(until, job.claim.deadline_at)
    if outbox.wait(job.claim, due_at, error=end.error, reply=end.reply, cause=end.cause):
        _record(job, "delayed", end, due_at=due_at.isoformat())


def write_end(job: Job, end: End) -> None:
    """Write that the delivery is over, and let follow what follows from it."""
    claim = job.claim
    if not outbox.finish(
        claim,
        end.status,
        error=end.error,
        reply=end.reply,
        cause=end.cause,
        provider_id=end.provider_id,
        receipt_due_at=_receipt_due_at(job, end),
    ):
        return
    has_failed = end.status not in (*OUT, Status.CANCELLED)
    if has_failed or (job.was_undelivered and end.status in OUT):
        PortalAccess.mark_delivery(claim.contact_id, undelivered=has_failed)
    _record(job, str(end.status), end)
    if end.status in (Status.FAILED, Status.EXPIRED):
        fallback.stand_in(claim.delivery_id, end.error)
    elif end.status == Status.UNKNOWN:
        fallback.ask_staff_about(claim.delivery_id, end.error)


def _receipt_due_at(job: Job, end: End) -> datetime | None:
    """Return when to stop waiting for a receipt, if the account wants that and one may come."""
    channel = plugins.current().channel(job.claim.channel)
    wait = job.setting.receipt_wait if job.setting else 0
    if end.status != Status.SENT or not wait or channel is None or not channel.caps.receipts:
        return None
    return now() + timedelta(seconds=wait)


def _blame(job: Job, end: End) -> None:
    """Count a failure that was not this message's; the channel pauses when there are too many."""
    setting = ChannelSetting.find_or_add(job.account.id, job.claim.channel)
    why = "sign_in" if end.blame == "sign_in" else "failures"
    # What is said of the channel stays when this contact is deleted.
    error, reply = job.contact.unnamed(end.error), job.contact.unnamed(end.reply)
    if setting.fail(why, error, retry_after=end.retry_after, was_probe=job.is_probe):
        _record_of_channel(job, "channel_paused", reason=error, reply=reply)


def _praise(job: Job) -> None:
    """Something went through: the channel is well again, and what waited for it goes on."""
    setting = job.setting
    if setting is None or not (setting.failures or setting.is_paused):
        return
    if setting.recover():
        Delivery.release(job.account.id, job.claim.channel)
        _record_of_channel(job, "channel_resumed")


def _probe_on(job: Job) -> None:
    """The probe ended for reasons of its own: the next message may tell how the channel is."""
    if job.setting is not None:
        job.setting.let_probe()
        Delivery.release(job.account.id, job.setting.channel)


def _record_of_channel(job: Job, kind: str, **reasons: str) -> None:
    detail = {"channel": job.claim.channel, **{k: v for k, v in reasons.items() if v}}
    Event.record(kind, account_id=job.account.id, detail=detail)


def _record(job: Job, kind: str, end: End, **more: str) -> None:
    Event.record(**_line(job, kind, end, **more))


def _line(job: Job, kind: str, end: End, **more: str) -> dict[str, Any]:
    claim = job.claim
    given = {"reason": end.error, "reply": end.reply, "cause": end.cause, **more}
    return {
        "kind": kind,
        "account_id": claim.account_id,
        "contact_id": claim.contact_id,
        "link_id": claim.link_id,
        "delivery_id": claim.delivery_id,
        "detail": {
            "channel": claim.channel,
            "attempt": claim.attempt,
            **{name: words for name, words in given.items() if words},
        },
    }

"""Deliver: a worker takes messages, has them sent with no transaction open, writes the ends."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from portal import fallback, metrics, plugins, queue
from portal.attempt import End, Job, info, make_attempt
from portal.channel import Channel
from portal.config import settings
from portal.db import DatabaseAway, atomic, now
from portal.interrupt import one_watch
from portal.lanes import BATCH, PROMPT_SECONDS, Seat, alone, lane_of
from portal.models import outbox
from portal.models.channel_setting import ChannelSetting
from portal.models.delivery import Delivery, Status
from portal.models.event import Event
from portal.models.magic_link import Kind, MagicLink
from portal.models.outbox import Claim, Due, People
from portal.models.pace import Pace
from portal.models.portal_access import PortalAccess

T = TypeVar("T")
log = logging.getLogger(__name__)
CROWDED = timedelta(seconds=1)
"""How long a slow lane waits before it asks for another worker."""
EARLY = timedelta(milliseconds=20)
"""A turn that begins so soon is now."""
TURN_SECONDS = 0.25
"""How long a worker goes on with one account and channel before it looks who else waits."""
INSIST_SECONDS = 600
"""How long a worker tries to write what was sent."""
OUT = (Status.SENT, Status.DELIVERED)


def deliver(delivery_id: int, seat: Seat | None = None) -> int:
    """Make one attempt at a delivery, if it is due and nobody else holds it, and at some more of
    its account and channel that wait beside it. Return how many were taken.

    No transaction is open while the provider is called: a stranger's server may think for as
    long as it likes, and a connection held meanwhile would be one less for everybody.
    """
    due = outbox.due(delivery_id)
    if due is None:
        return 0
    seat = seat or alone()
    lane = lane_of(due.account_id if due.has_own_settings else 0, due.channel)
    if not seat.lanes.enter(seat.number, lane):
        _hold(due.account_id, due.channel, now() + CROWDED * random.uniform(0.5, 1))  # noqa: S311
        return 0
    try:
        return _take_and_send(delivery_id, due, seat, lane)
    finally:
        seat.lanes.leave(seat.number)


def deliver_claimed(claim: Claim, seat: Seat | None = None) -> None:
    """Make the attempt that was taken when the message was first owed, a moment ago."""
    seat = seat or alone()
    is_own = outbox.has_own_settings(claim.account_id, claim.channel)
    lane = lane_of(claim.account_id if is_own else 0, claim.channel)
    if not seat.lanes.enter(seat.number, lane):
        _give_back([claim], now())
        return
    try:
        ends = _send_all(_take_up([claim]), seat)
        _insist(partial(_finish, ends), seat)
    finally:
        seat.lanes.leave(seat.number)


def _take_and_send(delivery_id: int, due: Due, seat: Seat, lane: int) -> int:
    """Take and send, and go on with the next ones while the provider answers at once: what ended
    is written and what follows is taken by one commit, which waits for the disk once."""
    until = time.monotonic() + TURN_SECONDS
    jobs, taken = _take(delivery_id, _more(due.channel, seat, lane)), 0
    while jobs:
        taken += len(jobs)
        ends = _send_all(jobs, seat)
        there_is_more = 1 < len(jobs) == len(ends)
        goes_on = there_is_more and time.monotonic() < until and not seat.is_stopping()
        more = _more(due.channel, seat, lane) if goes_on else 0
        jobs = _insist(partial(_finish_and_take, ends, due, more), seat)
        if there_is_more and not goes_on:
            _wake_another(due)
    return taken


def _wake_another(due: Due) -> None:
    """Have the next ones sent after what others wait for in the queue."""
    delivery_id = outbox.next_for_another(due.account_id, due.channel)
    if delivery_id is not None:
        queue.wake("deliver", delivery_id)


def _insist(write: Callable[[], T], seat: Seat) -> T:
    """Write the ends, though the database may be away for a while: the provider has taken these
    messages, and what is not written goes out again."""
    until = time.monotonic() + INSIST_SECONDS
    while True:
        try:
            return write()
        except DatabaseAway:
            if seat.is_stopping() or time.monotonic() > until:
                raise
            log.warning("The database is away; what was sent is written down when it is back.")
            time.sleep(random.uniform(0.5, 1))  # noqa: S311


def _more(channel_id: str, seat: Seat, lane: int) -> int:
    """Take several at once only where that cannot hurt: a send that may be repeated, by a provider
    that answers at once."""
    channel = plugins.current().channel(channel_id)
    is_safe = channel is not None and channel.caps.idempotent
    return BATCH - 1 if is_safe and seat.lanes.is_prompt(lane) else 0


@atomic
def _take(delivery_id: int, more: int) -> list[Job]:
    return _begun(outbox.claim(delivery_id, more=more))


@atomic
def _finish_and_take(ends: list[tuple[Job, End]], due: Due, more: int) -> list[Job]:
    _write_ends(ends)
    return _begun(outbox.claim_more(due.account_id, due.channel, more)) if more else []


def _begun(claims: list[Claim]) -> list[Job]:
    """Return what can go out now, each link's life begun."""
    jobs = _worth_sending(claims)
    MagicLink.start_lives([job.link for job in jobs if job.claim.kind != Kind.MAGIC], now())
    return jobs


@atomic
def _take_up(claims: list[Claim]) -> list[Job]:
    return _worth_sending(claims)


@atomic
def _hold(account_id: int, channel: str, until: datetime) -> None:
    outbox.hold(account_id, channel, until)


def _give_back(claims: Sequence[Claim], due_at: datetime) -> None:
    """Return what was taken and not begun; nothing is written when that is nothing."""
    if claims:
        _return(claims, due_at)


@atomic
def _return(claims: Sequence[Claim], due_at: datetime) -> None:
    for claim in claims:
        outbox.return_unsent(claim, due_at)


def _worth_sending(claims: list[Claim]) -> list[Job]:
    """Return what can go out now; end, hold or put off the rest."""
    if not claims:
        return []
    people = outbox.people(claims)
    jobs = [_job(claim, people[claim.delivery_id]) for claim in claims]
    # Worth before pause: what is over must end though its channel rests, and is no probe.
    jobs = [job for job in jobs if _is_worth(job, people[job.claim.delivery_id].access)]
    return [job for job in _through_pause(jobs) if job.is_probe or _is_its_turn(job)]


def _through_pause(jobs: list[Job]) -> list[Job]:
    """Let everything through, or one probe after a pause, or nothing during it."""
    setting = jobs[0].setting if jobs else None
    if setting is None or not setting.is_paused:
        return jobs
    if setting.may_probe():
        probe, *rest = jobs
        for job in rest:
            outbox.return_unsent(job.claim, now() + CROWDED, is_held=True)
        return [replace(probe, is_probe=True)]
    until = setting.paused_until or now()
    for job in jobs:
        outbox.return_unsent(job.claim, min(until, job.claim.deadline_at), is_held=True)
    outbox.hold(setting.account_id, setting.channel, until)
    return []


def _job(claim: Claim, people: People) -> Job:
    return Job(
        claim=claim,
        account=people.account,
        contact=people.contact,
        link=people.link,
        sender=people.sender,
        setting=people.setting,
        was_undelivered=people.access.undelivered,
    )


def _is_worth(job: Job, access: PortalAccess) -> bool:
    reason = _why_not(job, access)
    if reason is None:
        return True
    status, words = reason
    _end(job, End(status, words))
    return False


def _why_not(job: Job, access: PortalAccess) -> tuple[Status, str] | None:
    """Tell why the message is no longer worth sending, or None when it is."""
    link = job.link
    if not access.is_open or link.auth_epoch != access.auth_epoch:
        return Status.CANCELLED, "The contact's access or address changed before it went out."
    if link.used_at is not None or link.revoked_at is not None:
        return Status.CANCELLED, "The link was used or replaced before the message went out."
    if access.family_cut_at is not None and link.created_at <= access.family_cut_at:
        return Status.CANCELLED, "The contact signed in before it went out."
    channel = plugins.current().channel(job.claim.channel)
    if job.claim.is_takeover and channel is not None and not channel.caps.idempotent:
        return Status.UNKNOWN, "A worker ended while it was sending; it may have gone out."
    if job.claim.deadline_at <= now():
        return Status.EXPIRED, "It could not be sent before its link would have expired."
    return None


def _is_its_turn(job: Job) -> bool:
    """Keep the pace of the channel and of the mail domain; put off what would be too soon."""
    claim = job.claim
    channel = plugins.current().channel(claim.channel)
    if channel is None or claim.slot_at is not None:
        return True
    turns = [Pace.take_turn(name, every) for name, every in _paces(job, channel)]
    at = max(turns, default=now())
    if at <= now() + EARLY:
        return True
    outbox.return_unsent(claim, min(at, claim.deadline_at), slot_at=at)
    return False


def _paces(job: Job, channel: Channel) -> list[tuple[str, timedelta]]:
    found = []
    rate = (job.setting.rate if job.setting else None) or channel.caps.rate
    if rate:
        found.append((f"{job.account.id} {channel.id}", timedelta(minutes=1) / rate))
    per_domain = settings().pace_per_domain
    if per_domain and channel.caps.address == "email":
        domain = job.contact.email_norm.rpartition("@")[2]
        found.append((f"to {domain}", timedelta(minutes=1) / per_domain))
    return found


def _send_all(jobs: list[Job], seat: Seat) -> list[tuple[Job, End]]:
    """Send one after the other and return how it went, still to be written; give the rest back
    when the provider turns out slow or ailing."""
    seat.lanes.hold(seat.number, [(job.claim.delivery_id, job.claim.attempt) for job in jobs])
    ends: list[tuple[Job, End]] = []
    # All have one lease: the last one must still have the time that its channel may take.
    until = time.monotonic() + PROMPT_SECONDS
    try:
        with one_watch():
            for place, job in enumerate(jobs):
                end = _send(job, place, seat, ends)
                if end.blame or time.monotonic() > until or seat.is_stopping():
                    break
    except BaseException:
        # Told to end in the middle of a send: whether that one went out is in doubt.
        _expire(jobs[len(ends)].claim)
        _give_back([job.claim for job in jobs[len(ends) + 1 :]], now())
        _finish(ends)
        raise
    _give_back([job.claim for job in jobs[len(ends) :]], now())
    return ends


def _send(job: Job, place: int, seat: Seat, ends: list[tuple[Job, End]]) -> End:
    seat.lanes.begin(seat.number, place)
    job = _by_chosen_channel(job)
    end = make_attempt(job)
    seat.lanes.end(seat.number, place, was_sent=end.status in OUT, seconds=end.seconds)
    metrics.note_send(job.claim.channel, _result(end), end.seconds)
    ends.append((job, end))
    return end


def _result(end: End) -> str:
    if end.blame == "sign_in":
        return "paused"
    return "delayed" if end.try_again else str(end.status)


@atomic
def _expire(claim: Claim) -> None:
    outbox.expire_lease([(claim.delivery_id, claim.attempt)])


def _by_chosen_channel(job: Job) -> Job:
    """Ask the plugins, once for each message, whether another channel should carry it."""
    found = plugins.current()
    claim = job.claim
    is_first = claim.attempt == 1 and claim.follows_id is None
    if not is_first or not found.implementers("portal_choose_channel"):
        return job
    chosen = found.choose_channel(info(job), account_id=job.account.id)
    if not chosen or chosen == claim.channel:
        return job
    return _move(job, chosen)


@atomic
def _move(job: Job, channel: str) -> Job:
    outbox.move(job.claim, channel)
    setting = ChannelSetting.find(job.account.id, channel)
    return replace(job, claim=job.claim._replace(channel=channel), setting=setting)


def _finish(ends: list[tuple[Job, End]]) -> None:
    """Write how the attempts went. A worker that stalled past its lease writes nothing."""
    if ends:
        _write_all(ends)


@atomic
def _write_all(ends: list[tuple[Job, End]]) -> None:
    _write_ends(ends)


def _write_ends(ends: list[tuple[Job, End]]) -> None:
    well = [(job, end) for job, end in ends if _went_well(job, end)]
    if well:
        _end_well(well)
    for job, end in ends:
        if not _went_well(job, end):
            _write(job, end)


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
        _end(job, end)
    elif end.blame == "sign_in":
        _wait_for_channel(job, end)
    else:
        _try_later(job, end)


def _try_later(job: Job, end: End) -> None:
    """Put the message back with a growing pause, unless its attempts or its time are spent."""
    claim = job.claim
    if claim.attempt >= settings().attempts:
        _end(job, replace(end, try_again=False))
        return
    pause = max(outbox.pause_after(claim.attempt), timedelta(seconds=end.retry_after))
    due_at = now() + pause
    if due_at >= claim.deadline_at:
        _end(job, replace(end, status=Status.EXPIRED, try_again=False))
    elif outbox.put_back(claim, due_at, error=end.error, reply=end.reply, cause=end.cause):
        _record(job, "delayed", end, due_at=due_at.isoformat())


def _wait_for_channel(job: Job, end: End) -> None:
    """Nothing is wrong with the message: it waits, its attempts unspent, until we are let in."""
    setting = ChannelSetting.find_or_add(job.account.id, job.claim.channel)
    until = setting.paused_until or now() + CROWDED
    due_at = min(until, job.claim.deadline_at)
    if outbox.wait(job.claim, due_at, error=end.error, reply=end.reply, cause=end.cause):
        _record(job, "delayed", end, due_at=due_at.isoformat())


def _end(job: Job, end: End) -> None:
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
    if setting.fail(why, end.error, retry_after=end.retry_after, was_probe=job.is_probe):
        _record_of_channel(job, "channel_paused", reason=end.error, reply=end.reply)


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

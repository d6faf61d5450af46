"""Deliver: a worker takes messages, has them sent with no transaction open, writes the ends."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from portal import metrics, plugins, queue
from portal.attempt import End, Job, info, make_attempt
from portal.channel import Channel
from portal.config import settings
from portal.db import DatabaseAway, atomic, now
from portal.ends import OUT, write_end, write_ends
from portal.interrupt import one_watch
from portal.lanes import BATCH, PROMPT_SECONDS, Seat, alone, lane_of
from portal.languages import mark
from portal.messages import language_of
from portal.models import claims, outbox
from portal.models.channel_setting import ChannelSetting
from portal.models.claims import Claim, Due, People
from portal.models.delivery import Status
from portal.models.magic_link import Kind, MagicLink
from portal.models.message_words import own_words
from portal.models.pace import Pace
from portal.models.portal_access import PortalAccess

T = TypeVar("T")
log = logging.getLogger(__name__)
CROWDED = timedelta(seconds=1)
"""How long a slow lane waits before it asks for another worker."""
EARLY = timedelta(milliseconds=20)
"""A turn that begins so soon is now."""
LATE = timedelta(seconds=5)
"""A turn that was missed by more is lost: what waited for it would go out with all others."""
TURN_SECONDS = 0.25
"""How long a worker goes on with one account and channel before it looks who else waits."""
FRESH_SECONDS = 0.05
"""For so long what was read of a message is taken for true without looking again."""
INSIST_SECONDS = 600
"""How long a worker tries to write what was sent."""


def deliver(delivery_id: int, seat: Seat | None = None) -> int:
    """Make one attempt at a delivery, if it is due and nobody else holds it, and at some more of
    its account and channel that wait beside it. Return how many were taken.

    No transaction is open while the provider is called: a stranger's server may think for as
    long as it likes, and a connection held meanwhile would be one less for everybody.
    """
    due = claims.due(delivery_id)
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
    is_own = claims.has_own_settings(claim.account_id, claim.channel)
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
    delivery_id = claims.next_for_another(due.account_id, due.channel)
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
    return _begun(claims.claim(delivery_id, more=more))


@atomic
def _finish_and_take(ends: list[tuple[Job, End]], due: Due, more: int) -> list[Job]:
    write_ends(ends)
    return _begun(claims.claim_more(due.account_id, due.channel, more)) if more else []


def _begun(taken: list[Claim]) -> list[Job]:
    """Return what can go out now, each link's life begun."""
    jobs = _worth_sending(taken)
    MagicLink.start_lives([job.link for job in jobs if job.claim.kind != Kind.MAGIC], now())
    return jobs


@atomic
def _take_up(taken: list[Claim]) -> list[Job]:
    return _worth_sending(taken)


@atomic
def _hold(account_id: int, channel: str, until: datetime) -> None:
    outbox.hold(account_id, channel, until)


def _give_back(taken: Sequence[Claim], due_at: datetime) -> None:
    """Return what was taken and not begun; nothing is written when that is nothing."""
    if taken:
        _return(taken, due_at)


@atomic
def _return(taken: Sequence[Claim], due_at: datetime) -> None:
    for claim in taken:
        outbox.return_unsent(claim, due_at)


def _worth_sending(taken: list[Claim]) -> list[Job]:
    """Return what can go out now; end, hold or put off the rest."""
    if not taken:
        return []
    people = claims.people(taken)
    jobs = [_job(claim, people[claim.delivery_id]) for claim in taken]
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
        own=own_words(
            people.account,
            claim.kind,
            language_of(people.contact.locale or people.account.locale),
            people.link.created_at,
        ),
    )


def _is_worth(job: Job, access: PortalAccess) -> bool:
    reason = _why_not(job, access)
    if reason is None:
        return True
    status, words = reason
    write_end(job, End(status, words))
    return False


def _why_not(job: Job, access: PortalAccess) -> tuple[Status, str] | None:
    """Tell why the message is no longer worth sending, or None when it is."""
    link = job.link
    if access.is_over:
        return Status.CANCELLED, mark("The contact's access ended before it went out.")
    if not access.is_open or link.auth_epoch != access.auth_epoch:
        return Status.CANCELLED, mark("The contact's access or address changed before it went out.")
    if link.used_at is not None or link.revoked_at is not None:
        return Status.CANCELLED, mark("The link was used or replaced before the message went out.")
    if access.family_cut_at is not None and link.created_at <= access.family_cut_at:
        return Status.CANCELLED, mark("The contact signed in before it went out.")
    channel = plugins.current().channel(job.claim.channel)
    if job.claim.is_takeover and channel is not None and not channel.caps.idempotent:
        return Status.UNKNOWN, mark("A worker ended while it was sending; it may have gone out.")
    if job.claim.deadline_at <= now():
        return Status.EXPIRED, mark("It could not be sent before its link would have expired.")
    return None


def _is_its_turn(job: Job) -> bool:
    """Keep the pace of the channel and of the mail domain; put off what would be too soon."""
    claim = job.claim
    channel = plugins.current().channel(claim.channel)
    if channel is None or (claim.slot_at is not None and claim.slot_at > now() - LATE):
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
    done = 0
    # All have one lease: the last one must still have the time that its channel may take.
    until = time.monotonic() + PROMPT_SECONDS
    is_there = _watch(jobs)
    try:
        with one_watch():
            for place, job in enumerate(jobs):
                end = None
                if is_there(job):
                    end = _send(job, place, seat, ends)
                else:
                    seat.lanes.forget(seat.number, (place,))
                done = place + 1
                if (end and end.blame) or time.monotonic() > until or seat.is_stopping():
                    break
    except BaseException:
        # Told to end in the middle of a send: whether that one went out is in doubt.
        _expire(jobs[done].claim)
        _give_back([job.claim for job in jobs[done + 1 :]], now())
        _finish(ends)
        raise
    # Forgotten first: once given back they may be another worker's, whose lease is not ours to end.
    seat.lanes.forget(seat.number, range(done, len(jobs)))
    _give_back([job.claim for job in jobs[done:]], now())
    return ends


def _watch(jobs: list[Job]) -> Callable[[Job], bool]:
    """Return what tells whether a message is still to be sent: of the later ones, the contact may
    have been deleted while the first was being sent."""
    read_at, there = time.monotonic(), {job.claim.delivery_id for job in jobs}

    def is_there(job: Job) -> bool:
        nonlocal read_at, there
        if time.monotonic() - read_at > FRESH_SECONDS:
            with suppress(DatabaseAway):  # what was sent before must still be written
                there = claims.still_held([one.claim for one in jobs])
            read_at = time.monotonic()
        return job.claim.delivery_id in there

    return is_there


def _send(job: Job, place: int, seat: Seat, ends: list[tuple[Job, End]]) -> End | None:
    """Send one and add how it went to *ends*; nothing when it was put off."""
    seat.lanes.begin(seat.number, place)
    chosen = _by_chosen_channel(job)
    if chosen is None:
        seat.lanes.forget(seat.number, (place,))
        return None
    end = make_attempt(chosen)
    seat.lanes.end(seat.number, place, was_sent=end.status in OUT, seconds=end.seconds)
    metrics.note_send(chosen.claim.channel, _result(end), end.seconds)
    ends.append((chosen, end))
    return end


def _result(end: End) -> str:
    if end.blame == "sign_in":
        return "paused"
    return "delayed" if end.try_again else str(end.status)


@atomic
def _expire(claim: Claim) -> None:
    outbox.expire_lease([(claim.delivery_id, claim.attempt)])


def _by_chosen_channel(job: Job) -> Job | None:
    """Ask the plugins, once for each message, whether another channel should carry it; None when
    it has to wait for that one."""
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
def _move(job: Job, channel: str) -> Job | None:
    """Let *channel* carry the message: in its turn, and not while it rests."""
    if not outbox.move(job.claim, channel):
        return None
    if job.is_probe and job.setting is not None:
        job.setting.let_probe()  # this one tells nothing of the channel that it was a probe of
    setting = ChannelSetting.find(job.account.id, channel)
    claim = job.claim._replace(channel=channel, slot_at=None)
    moved = replace(job, claim=claim, setting=setting, is_probe=False)
    return next((one for one in _through_pause([moved]) if one.is_probe or _is_its_turn(one)), None)


def _finish(ends: list[tuple[Job, End]]) -> None:
    """Write how the attempts went. A worker that stalled past its lease writes nothing."""
    if ends:
        _write_all(ends)


@atomic
def _write_all(ends: list[tuple[Job, End]]) -> None:
    write_ends(ends)

"""Deliver: a worker takes one message, renders it, hands it to its channel, writes the end."""

from __future__ import annotations

import logging
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from portal import plugins
from portal.channel import (
    AmbiguousError,
    Channel,
    ChannelError,
    PermanentError,
    SendRequest,
    Sent,
    Settings,
)
from portal.channel import Kind as MessageKind
from portal.config import settings
from portal.db import atomic, now
from portal.messages import Words, code_in_words, link_url, portal_url, render
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.delivery import Claim, Delivery, Status
from portal.models.event import Event
from portal.models.magic_link import Kind, MagicLink
from portal.models.portal_access import PortalAccess
from portal.models.staff import Staff
from portal.tokens import code_of

log = logging.getLogger(__name__)
MARGIN_SECONDS = 10
"""A send must end so long before its lease: a late answer would meet another worker's attempt."""


AGAIN_SECONDS = 2.0
"""Between two interruptions of a plugin that catches the first one and goes on."""


@dataclass(frozen=True)
class Job:
    """All that one attempt needs, read before the provider is called."""

    claim: Claim
    account: Account
    contact: Contact
    link: MagicLink
    sender: Staff | None
    was_undelivered: bool


@dataclass(frozen=True)
class End:
    """How an attempt went, in the outbox's words."""

    status: Status
    error: str = ""
    reply: str = ""
    provider_id: str = ""
    try_again: bool = False


def deliver(delivery_id: int) -> None:
    """Make one attempt at a delivery, if it is due and nobody else holds it.

    No transaction is open while the provider is called: a stranger's server may think for as
    long as it likes, and a connection held meanwhile would be one less for everybody.
    """
    job = _take(delivery_id)
    if job is not None:
        _finish(job, _attempt(job))


def deliver_claimed(claim: Claim) -> None:
    """Make the attempt that was taken when the message was first owed, a moment ago."""
    job = _take_up(claim)
    if job is not None:
        _finish(job, _attempt(job))


@atomic
def _take(delivery_id: int) -> Job | None:
    claim = Delivery.claim(delivery_id)
    job = _worth_sending(claim) if claim else None
    if job is not None and job.claim.kind != Kind.MAGIC:
        job.link.start_life(now())
    return job


@atomic
def _take_up(claim: Claim) -> Job | None:
    return _worth_sending(claim)


def _worth_sending(claim: Claim) -> Job | None:
    job, access = _load(claim)
    reason = _why_not(job, access)
    if reason is not None:
        status, words = reason
        Delivery.finish(claim, status, error=words)
        if status != Status.CANCELLED:
            PortalAccess.mark_delivery(claim.contact_id, undelivered=True)
        _record(job, str(status), reason=words)
        return None
    return job


def _load(claim: Claim) -> tuple[Job, PortalAccess]:
    link, contact, access, account, sender = MagicLink.with_people(claim.link_id)
    return Job(claim, account, contact, link, sender, access.undelivered), access


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


def _attempt(job: Job) -> End:
    channel = plugins.current().channel(job.claim.channel)
    if channel is None:
        words = f"The channel {job.claim.channel or '(none)'} is not installed."
        return End(Status.FAILED, error=words, try_again=True)
    try:
        token = job.link.token()
    except LookupError as error:
        return End(Status.FAILED, error=str(error), try_again=True)
    try:
        request = _request(job, token, _address(job.contact, channel))
        with _at_most(min(channel.caps.timeout, settings().lease - MARGIN_SECONDS)):
            return _taken(channel.send(request, Settings()))
    except ChannelError as error:
        return _refused(error, channel, token)
    except Exception as error:
        # A plugin may raise anything, and the text may hold the link: it is never logged.
        log.error(
            "The channel %s failed on delivery %s with %s:\n%s",
            channel.id,
            job.claim.delivery_id,
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )
        words = f"The {channel.name} plugin failed ({type(error).__name__})."
        return End(Status.FAILED, error=words, try_again=True)


def _address(contact: Contact, channel: Channel) -> str:
    """Return the stored address of the kind that *channel* writes to, as its provider wants it.

    Raises PermanentError when the contact has none.
    """
    address = contact.phone if channel.caps.address == "phone" else contact.email
    if not address:
        raise PermanentError("The contact has no phone number. Add one, or send by e-mail.")
    return channel.normalise_address(address, Settings())


def _request(job: Job, token: str, to: str) -> SendRequest:
    account, contact, link = job.account, job.contact, job.link
    kind = cast(MessageKind, link.kind)
    message = render(
        Words(
            kind=kind,
            account_name=account.name,
            accent=account.accent,
            portal_url=portal_url(settings().url, account.slug),
            portal_host=settings().netloc,
            link=link_url(settings().url, token),
            code=code_in_words(code_of(token)) if link.flow_digest else "",
            contact_name=contact.name,
            sent_by=job.sender.called if job.sender else "",
            note=job.claim.note if link.kind == Kind.INVITE else "",
            section_title=_section_title(account, link.target),
            expires_at=link.expires_at,
            time_zone=account.time_zone,
            locale=contact.locale or account.locale,
            asked_from=job.claim.note if link.kind == Kind.SELF else "",
        )
    )
    return SendRequest(
        key=f"delivery-{job.claim.delivery_id}-{link.id.hex}",
        kind=kind,
        to=to,
        to_name=contact.name,
        message=message,
        link=link_url(settings().url, token),
        sender_name=account.name,
        reply_to=job.sender.email if job.sender else "",
        attempt=job.claim.attempt,
        expires_at=link.expires_at,
    )


def _section_title(account: Account, target: str) -> str:
    if not target:
        return ""
    sections = plugins.current().sections(account.slug)
    return next((section.title for section in sections if section.name == target), "")


def _taken(sent: Any) -> End:
    if not isinstance(sent, Sent):
        raise TypeError("send must return Sent")
    status = Status.DELIVERED if sent.status == "delivered" else Status.SENT
    return End(status, reply=sent.reply[:500], provider_id=sent.provider_id[:200])


def _refused(error: ChannelError, channel: Channel, token: str) -> End:
    words, reply = (text.replace(token, "…")[:500] for text in (error.reason, error.reply))
    if isinstance(error, PermanentError):
        return End(Status.FAILED, error=words, reply=reply)
    if isinstance(error, AmbiguousError) and not channel.caps.idempotent:
        return End(Status.UNKNOWN, error=words, reply=reply)
    return End(Status.FAILED, error=words, reply=reply, try_again=True)


@atomic
def _finish(job: Job, end: End) -> None:
    """Write how the attempt went. A worker that stalled past its lease writes nothing."""
    claim = job.claim
    if end.try_again:
        due_at = Delivery.put_back(claim, error=end.error, reply=end.reply)
        if due_at is not None:
            _record(job, "delayed", reason=end.error, reply=end.reply, due_at=due_at.isoformat())
            return
        end = End(Status.EXPIRED, error=end.error, reply=end.reply)
    if not Delivery.finish(
        claim, end.status, error=end.error, reply=end.reply, provider_id=end.provider_id
    ):
        return
    failed = end.status not in (Status.SENT, Status.DELIVERED)
    if failed or job.was_undelivered:
        PortalAccess.mark_delivery(claim.contact_id, undelivered=failed)
    _record(job, str(end.status), reason=end.error, reply=end.reply)


def _record(job: Job, kind: str, **reasons: str) -> None:
    claim = job.claim
    given = {name: words for name, words in reasons.items() if words}
    Event.record(
        kind,
        account_id=claim.account_id,
        contact_id=claim.contact_id,
        link_id=claim.link_id,
        delivery_id=claim.delivery_id,
        detail={"channel": claim.channel, "attempt": claim.attempt, **given},
    )


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Interrupt the provider's call after *seconds*, in the main thread of a worker process.

    Whether the provider took the message is then as unknown as after a line that dropped.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: object) -> None:
        raise AmbiguousError(f"The provider did not answer within {seconds:.0f} seconds.")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

"""One attempt: renders a message and hands it to its channel, with no transaction open."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, Literal, cast

from portal import plugins
from portal.channel import (
    ABOUT_ONE,
    AmbiguousError,
    AuthenticationError,
    Channel,
    ChannelError,
    DeliveryInfo,
    PermanentError,
    SendRequest,
    Sent,
    Settings,
    TemporaryError,
)
from portal.channel import Kind as MessageKind
from portal.channel.kinds import CAUSES
from portal.config import settings
from portal.db import atomic, storable
from portal.errors import SettingsError
from portal.interrupt import at_most, ended_after
from portal.languages import mark
from portal.messages import Words, code_in_words, link_url, render
from portal.models.account import Account
from portal.models.channel_setting import ChannelSetting
from portal.models.claims import Claim
from portal.models.contact import Contact
from portal.models.delivery import Status
from portal.models.magic_link import Kind, MagicLink
from portal.models.rate_count import RateCount
from portal.models.staff import Staff
from portal.plugins.guard import About
from portal.routing import address_of, order
from portal.tokens import code_of
from portal.wording import OwnWords

MARGIN_SECONDS = 10
"""A send must end so long before its lease: a late answer would meet another worker's attempt."""
WATCHDOG_SECONDS = 5
"""After its time, a plugin that cannot even be interrupted gets so long until its process ends."""
LONGEST_WORDS = 500
LONGEST_WAIT_SECONDS = 366 * 86_400

Blame = Literal["", "provider", "sign_in", "plugin"]


@dataclass(frozen=True)
class Job:
    """All that one attempt needs, read before the provider is called."""

    claim: Claim
    account: Account
    contact: Contact
    link: MagicLink
    sender: Staff | None
    setting: ChannelSetting | None = None
    was_undelivered: bool = False
    own: Mapping[str, OwnWords] = field(default_factory=dict)
    """The account's own words for this message, by form."""
    is_probe: bool = False
    """Its end decides whether a channel that was paused is well again."""

    def settings(self) -> Settings:
        """Return what the channel's verbs get. Raises SettingsError when no key opens it."""
        return settings_of(self.account, self.claim.channel, self.setting)


@dataclass(frozen=True)
class End:
    """How an attempt went, in the outbox's words.

    *blame* says whose failure it was when it was not this one message's. *retry_after* is in
    seconds.
    """

    status: Status
    error: str = ""
    reply: str = ""
    cause: str = ""
    provider_id: str = ""
    try_again: bool = False
    retry_after: float = 0
    blame: Blame = ""
    seconds: float = 0


def settings_of(account: Account, channel: str, setting: ChannelSetting | None) -> Settings:
    """Return what *channel*'s verbs get when they work for *account*."""
    allows = partial(_allows, f"{account.id} {channel}")
    if setting is None:
        return Settings(account=account.info(), allows=allows)
    return setting.as_settings(account, allows)


def make_attempt(job: Job) -> End:
    """Send the message of *job* and tell how it went. No transaction may be open: a provider
    thinks for as long as it likes."""
    channel = plugins.current().channel(job.claim.channel)
    if channel is None:
        words = f"The channel {job.claim.channel or '(none)'} is not installed."
        return End(Status.FAILED, words, cause="fault", try_again=True, blame="plugin")
    try:
        token = job.link.token()
    except LookupError as error:
        return End(Status.FAILED, str(error), cause="fault", try_again=True)
    began = time.monotonic()
    return replace(_storable(_sent_by(channel, job, token)), seconds=time.monotonic() - began)


def info(job: Job) -> DeliveryInfo:
    """Return what hooks may know of the delivery."""
    claim = job.claim
    return DeliveryInfo(
        id=claim.delivery_id,
        account_slug=job.account.slug,
        contact_id=claim.contact_id,
        kind=cast(MessageKind, claim.kind),
        channel=claim.channel,
        status=Status.SENDING,
        attempt=claim.attempt,
        locale=job.contact.locale or job.account.locale,
        has_phone=bool(job.contact.phone),
        channels=tuple(order(job.account, claim.kind)),
    )


def time_limit(channel: Channel) -> float:
    """Return the seconds that one call may take: the channel's own word, within the lease."""
    return float(min(channel.caps.timeout, settings().lease - MARGIN_SECONDS))


def _sent_by(channel: Channel, job: Job, token: str) -> End:
    seconds = time_limit(channel)

    def too_late() -> BaseException:
        return AmbiguousError(
            f"The provider did not answer within {seconds:.0f} seconds.", cause="timeout"
        )

    try:
        with ended_after(seconds + WATCHDOG_SECONDS), at_most(seconds, too_late):
            found = job.settings()
            request = _request(job, channel, token, found)
            if reason := _vetoed(job, request):
                return End(Status.CANCELLED, reason, cause="not_allowed")
            return _taken(channel.send(request, found), token)
    except ChannelError as error:
        return _refused(error, channel, token)
    except KeyboardInterrupt:  # how a worker is told to leave
        raise
    except BaseException as error:  # such as what asyncio raises when it gives up a call
        return _broken(error, job, channel, token)


@atomic
def _allows(whose: str, name: str, limit: int, seconds: int) -> bool:
    return RateCount.allows(f"channel {whose} {name}", limit, timedelta(seconds=seconds))


def _vetoed(job: Job, request: SendRequest) -> str:
    found = plugins.current()
    if not found.implementers("portal_before_send"):
        return ""
    return found.veto(info(job), request, account_id=job.account.id)


def _request(job: Job, channel: Channel, token: str, found: Settings) -> SendRequest:
    to = _address(job, channel, found)
    words = _words(job, token, _added(job))
    code = code_in_words(words.code)
    message = render(words)
    key = delivery_key(job.claim)
    return SendRequest(
        key=key,
        kind=cast(MessageKind, job.link.kind),
        to=to,
        to_name=job.contact.name,
        message=message,
        link=words.link,
        sender_name=job.account.name,
        reply_to=job.sender.email if job.sender else "",
        attempt=job.claim.attempt,
        expires_at=job.link.expires_at,
        code=code,
        locale=words.locale,
        receipt_url=_receipt_url(job, channel, key),
    )


def delivery_key(claim: Claim) -> str:
    """Return the name of a delivery outside: its number, and what nobody could guess."""
    return f"delivery-{claim.delivery_id}-{claim.link_id.hex}"


def _receipt_url(job: Job, channel: Channel, key: str) -> str:
    if not channel.caps.receipts or job.setting is None:
        return ""
    return f"{settings().url}/hooks/{channel.id}/{job.setting.receipt_key}/{key}"


def _address(job: Job, channel: Channel, found: Settings) -> str:
    """Return the stored address of the kind that *channel* writes to, as its provider wants it.

    Raises PermanentError when the contact has none.
    """
    address = address_of(job.contact, channel.caps.address)
    if not address:
        missing = {"phone": mark("phone number"), "email": mark("e-mail address")}.get(
            channel.caps.address, channel.address_label or f"address for {channel.name}"
        )
        raise PermanentError(
            f"The contact has no {missing}. Add one, or send by another channel.",
            cause="bad_address",
        )
    return channel.normalise_address(address, found)


def _added(job: Job) -> dict[str, str]:
    found = plugins.current()
    if not found.implementers("portal_message_context"):
        return {}
    return found.message_context(info(job), account_id=job.account.id)


def _words(job: Job, token: str, added: dict[str, str]) -> Words:
    account, contact, link = job.account, job.contact, job.link
    front = account.front(link.created_at)
    return Words(
        kind=cast(MessageKind, link.kind),
        account_name=account.name,
        accent=account.accent,
        portal_url=front.door,
        portal_host=front.host,
        link=link_url(front.url, token),
        code=code_of(token) if link.code_mac else "",
        contact_name=contact.name,
        sent_by=job.sender.called if job.sender else "",
        note=job.claim.note if link.kind == Kind.INVITE else "",
        section_title=_section_title(account, link.target),
        expires_at=link.expires_at,
        time_zone=account.time_zone,
        locale=contact.locale or account.locale,
        support=account.brand.get("support", ""),
        footer=account.brand.get("footer", ""),
        asked_from=job.claim.note if link.kind == Kind.SELF else "",
        greeting=added.get("greeting", ""),
        closing=added.get("closing", ""),
        reminder=link.reminder,
        own=job.own.get("email"),
        own_short=job.own.get("short"),
    )


def _section_title(account: Account, target: str) -> str:
    if not target:
        return ""
    sections = plugins.current().sections(account.slug)
    return next((section.title for section in sections if section.name == target), "")


def _storable(end: End) -> End:
    """Return *end* so that it can be written down: what was sent and could not be noted would be
    sent again and again."""
    return replace(
        end,
        error=storable(end.error),
        reply=storable(end.reply),
        provider_id=storable(end.provider_id),
        cause=end.cause if end.cause in CAUSES else "",
    )


def _taken(sent: Any, token: str) -> End:
    if not isinstance(sent, Sent) or sent.status not in ("sent", "delivered"):
        raise TypeError("send must return Sent")
    status = Status.DELIVERED if sent.status == "delivered" else Status.SENT
    return End(
        status, reply=_words_kept(sent.reply, token), provider_id=_text(sent.provider_id)[:200]
    )


def _text(given: Any) -> str:
    """Return what a plugin has *given* as words; some give what their library gave them. What is
    none must not hide how the attempt ended: the message would go out again."""
    return str(given) if isinstance(given, str | int | float) else ""


def _words_kept(given: Any, token: str) -> str:
    """Return what a provider said, without the link and the code that it may have repeated."""
    words, code = _text(given), code_of(token)
    for secret in (token, code, f"{code[:4]} {code[4:]}"):
        words = words.replace(secret, "…")
    return words[:LONGEST_WORDS]


def _wait_asked(given: Any) -> float:
    """Return the seconds that a provider asked us to wait: some number, within a year."""
    try:
        seconds = float(given)
    except (TypeError, ValueError, OverflowError):
        return 0
    return min(max(seconds, 0), LONGEST_WAIT_SECONDS) if seconds == seconds else 0


def _refused(error: ChannelError, channel: Channel, token: str) -> End:
    said = (getattr(error, name, "") for name in ("reason", "reply"))
    words, reply = (_words_kept(one, token) for one in said)
    words = words or f"{channel.name} could not send it and did not say why."
    cause = _text(getattr(error, "cause", ""))
    if isinstance(error, PermanentError):
        return End(Status.FAILED, words, reply, cause)
    if isinstance(error, AuthenticationError):
        end = End(Status.FAILED, words, reply, cause or "sign_in")
        return replace(end, try_again=True, blame="sign_in")
    blame: Blame = "" if cause in ABOUT_ONE else "provider"
    if isinstance(error, AmbiguousError) and not channel.caps.idempotent:
        return End(Status.UNKNOWN, words, reply, cause, blame=blame)
    end = End(Status.FAILED, words, reply, cause, try_again=True, blame=blame)
    if isinstance(error, TemporaryError):
        return replace(end, retry_after=_wait_asked(getattr(error, "retry_after", 0)))
    return end


def _broken(error: BaseException, job: Job, channel: Channel, token: str) -> End:
    """The plugin itself failed: the Plugins page shows its words, without links and secrets."""
    if isinstance(error, SettingsError):
        return End(Status.FAILED, str(error), cause="sign_in", try_again=True, blame="sign_in")
    words = f"The {channel.name} plugin failed ({type(error).__name__})."
    found = plugins.current()
    about = About(job.account.id, (token, code_of(token), *_secrets_of(job)))
    found.failed(found.plugin_of(channel.id), "send", error, about)
    return End(Status.FAILED, words, cause="fault", try_again=True, blame="plugin")


def _secrets_of(job: Job) -> list[str]:
    try:
        found = job.settings()
    except SettingsError:
        return []
    return [value for value in found.values() if isinstance(value, str) and len(value) >= 6]

"""Channel settings: staff say how a channel sends for their account, try it, and let it go on."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from portal import routing
from portal.channel import Channel
from portal.db import atomic, now
from portal.errors import SettingsError
from portal.models import account_choices
from portal.models.account import Account
from portal.models.address import masked_any
from portal.models.channel_setting import ChannelSetting
from portal.models.channel_trial import ChannelTrial
from portal.models.delivery import Delivery
from portal.models.event import Event
from portal.models.magic_link import Kind
from portal.models.rate_count import RateCount
from portal.models.staff import Staff

MAILED = (Kind.INVITE, Kind.LOGIN, Kind.SELF)
TRIALS, TRIALS_WITHIN = 10, timedelta(minutes=10)
"""A test message costs money, and could be written to anybody."""


@dataclass(frozen=True)
class Typed:
    """What the page's form holds. *rate* is in messages a minute, None for the channel's own;
    *receipt_wait* in seconds, 0 for never."""

    values: Mapping[str, Any]
    rate: int | None = None
    receipt_wait: int = 0


@atomic
def save_settings(
    account: Account,
    channel: Channel,
    typed: Typed,
    *,
    becomes_ready: bool,
    by: Staff,
    request_id: str = "",
) -> None:
    """Keep what was typed, sealed. A paused channel goes on, and what waited for it with it.

    A channel that *becomes_ready* by it joins the others, at the end of their order.
    """
    row = ChannelSetting.find_or_add(account.id, channel.id)
    changed = _changed(row, typed)
    row.keep(typed.values)
    row.rate, row.receipt_wait = typed.rate, typed.receipt_wait
    if row.recover():
        Delivery.release(account.id, channel.id)
    if becomes_ready:
        _join(account, channel)
    _record(account, channel.id, "settings", by, request_id, changed=changed)


@atomic
def rotate_receipt_key(
    account: Account, channel: Channel, *, by: Staff, request_id: str = ""
) -> None:
    """Give the channel another receipt address. The one before answers 404 from now on."""
    row = ChannelSetting.find_or_add(account.id, channel.id)
    row.receipt_key = secrets.token_urlsafe(32)
    _record(account, channel.id, "receipt address", by, request_id)


@atomic
def try_now(account: Account, channel_id: str, *, by: Staff, request_id: str = "") -> bool:
    """Let one message of a paused channel go now; when it gets through, the others follow."""
    row = ChannelSetting.find(account.id, channel_id)
    if row is None or not row.is_paused:
        return False
    row.paused_until = now()
    Delivery.release(account.id, channel_id)
    _record(account, channel_id, "tried now", by, request_id)
    return True


@atomic
def ask_trial(
    account: Account,
    channel: Channel,
    what: Literal["check", "test"],
    *,
    by: Staff,
    to: str = "",
    request_id: str = "",
) -> bool:
    """Ask a worker to check the channel, or to send a test to *to*. Tell whether that is within
    what one account may try."""
    counter = f"trial {account.id} {channel.id}"
    if not RateCount.allows(counter, TRIALS, TRIALS_WITHIN):
        return False
    ChannelTrial.ask(account.id, channel.id, what, by=by.id, to=to)
    kind = "channel_checked" if what == "check" else "channel_tested"
    detail = {"channel": channel.id, **({"to": masked_any(to)} if to else {})}
    Event.record(kind, account_id=account.id, by=by, request_id=request_id, detail=detail)
    return True


def _join(account: Account, channel: Channel) -> None:
    held = account_choices.locked(account.id)
    for kind in MAILED:
        names = routing.order(held, kind)
        if routing.carries(channel, kind) and channel.id not in names:
            account_choices.arrange(held, kind, [*names, channel.id])


def _changed(row: ChannelSetting, typed: Typed) -> list[str]:
    """Name the fields that are now other ones. Their values may be secrets, and are not written
    down; where nobody can read what was stored, all that was typed is new."""
    try:
        before: Mapping[str, Any] = row.values()
    except SettingsError:
        before = {}
    names = sorted({*before, *typed.values})
    changed = [n for n in names if (before.get(n) or "") != (typed.values.get(n) or "")]
    own = {"rate": (row.rate, typed.rate), "receipt_wait": (row.receipt_wait, typed.receipt_wait)}
    return changed + [name for name, (was, now_is) in own.items() if was != now_is]


def _record(
    account: Account, channel_id: str, what: str, by: Staff, request_id: str, **more: Any
) -> None:
    Event.record(
        "channel_changed",
        account_id=account.id,
        by=by,
        request_id=request_id,
        detail={"channel": channel_id, "what": what, **more},
    )

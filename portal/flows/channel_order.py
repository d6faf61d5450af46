"""Channel order: staff say which channels carry a kind of message, and which comes first."""

from __future__ import annotations

from typing import Any, Literal

from portal import plugins, routing
from portal.db import atomic
from portal.models import account_choices
from portal.models.account import Account
from portal.models.event import Event
from portal.models.staff import Staff

Deed = Literal["up", "down", "on", "off"]


@atomic
def arrange(
    account: Account, kind: str, channel_id: str, deed: Deed, *, by: Staff, request_id: str = ""
) -> bool:
    """Move a channel up or down for messages of *kind*, or turn it on or off.

    Tell whether anything changed: the last channel of a kind cannot be turned off.
    """
    held = account_choices.locked(account.id)
    before = routing.order(held, kind)
    after = _arranged(before, kind, channel_id, deed)
    if after == before or not after:
        return False
    account_choices.arrange(held, kind, after)
    detail = {"channel": channel_id, "what": "order", "kind": kind}
    _record(account, by, request_id, {**detail, "changes": {kind: [before, after]}})
    return True


def _arranged(names: list[str], kind: str, channel_id: str, deed: Deed) -> list[str]:
    if deed == "on":
        channel = plugins.current().channel(channel_id)
        fits = channel is not None and routing.carries(channel, kind)
        return [*names, channel_id] if fits and channel_id not in names else names
    if channel_id not in names:
        return names
    rest = [name for name in names if name != channel_id]
    if deed == "off":
        return rest
    place = names.index(channel_id) + (-1 if deed == "up" else 1)
    rest.insert(max(place, 0), channel_id)
    return rest


def _record(account: Account, by: Staff, request_id: str, detail: dict[str, Any]) -> None:
    Event.record(
        "channel_changed", account_id=account.id, by=by, request_id=request_id, detail=detail
    )

"""The banner of paused channels: which, why, since when, and when they are tried next."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from portal.languages import _, mark
from portal.models.channel_setting import ChannelSetting
from portal.web.admin.delivery_words import channel_name, own_words


class Paused(NamedTuple):
    """A channel that sends nothing at the moment."""

    channel: str
    name: str
    why: str
    error: str
    since: datetime | None
    until: datetime | None


WHY = {
    "sign_in": mark("Its settings, or its sign-in at the provider, are not accepted."),
    "failures": mark("Its provider failed several times in a row."),
}


def paused_channels(account_id: int) -> list[Paused]:
    """Return the account's paused channels, for the banner."""
    return [as_paused(row) for row in ChannelSetting.paused(account_id)]


def as_paused(row: ChannelSetting) -> Paused:
    return Paused(
        channel=row.channel,
        name=channel_name(row.channel),
        why=_(WHY.get(row.paused_why) or mark("It is paused.")),
        error=own_words(row.last_error),
        since=row.last_error_at,
        until=row.paused_until,
    )

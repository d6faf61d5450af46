"""Whether a channel is whole: everything that the portal asks of it is there and makes sense."""

from __future__ import annotations

import re
from typing import Any

from portal.channel import ALL_KINDS, Caps, Channel, SettingsForm

CHANNEL_ID = re.compile(r"[a-z][a-z0-9_-]{0,29}")


def check_channel(channel: Channel) -> None:
    """Raises TypeError or ValueError that says what is missing or wrong."""
    kind = type(channel).__name__
    for name, wanted in (("id", str), ("name", str), ("caps", Caps)):
        found = getattr(channel, name, None)
        if not isinstance(found, wanted):
            raise TypeError(f"the channel {kind} needs {name} to be a {wanted.__name__}")
    if not CHANNEL_ID.fullmatch(channel.id):
        raise ValueError(
            f"the id {channel.id!r:.80} of the channel {kind} must be a short slug: "
            "lower-case letters, digits, - and _, at most 30, a letter first"
        )
    if not channel.name.strip():
        raise ValueError(f"the channel {channel.id} has an empty name")
    _check_caps(channel)
    form: Any = channel.SettingsForm
    if form is not None and not (isinstance(form, type) and issubclass(form, SettingsForm)):
        raise TypeError(f"the SettingsForm of the channel {channel.id} must subclass SettingsForm")


def _check_caps(channel: Channel) -> None:
    caps = channel.caps
    if isinstance(caps.kinds, str) or not set(caps.kinds) <= ALL_KINDS:
        raise ValueError(
            f"the kinds of the channel {channel.id} must be among {', '.join(sorted(ALL_KINDS))}"
        )
    if not isinstance(caps.address, str):
        raise TypeError(f"the address of the channel {channel.id}'s caps must be text")
    if not isinstance(caps.timeout, (int, float)) or caps.timeout <= 0:
        raise ValueError(f"the timeout of the channel {channel.id} must be seconds above 0")
    if caps.rate is not None and (not isinstance(caps.rate, (int, float)) or caps.rate <= 0):
        raise ValueError(f"the rate of the channel {channel.id} must be above 0, or None")
    if not isinstance(caps.polls, int) or caps.polls < 0:
        raise ValueError(f"polls of the channel {channel.id} must be seconds, or 0")

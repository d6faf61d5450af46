"""The SMS channel: text messages through Twilio or any HTTP gateway."""

from __future__ import annotations

from portal.channel import Channel, Operator
from portal.hookspecs import hookimpl
from portal_sms.channel import Sms


@hookimpl
def portal_channels(operator: Operator) -> list[Channel]:
    return [Sms(operator)]

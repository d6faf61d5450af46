"""The e-mail channel: messages through the SMTP server that the operator named."""

from __future__ import annotations

from portal.channel import Channel, Operator
from portal.hookspecs import hookimpl
from portal_email.channel import Email


@hookimpl
def portal_channels(operator: Operator) -> list[Channel]:
    return [Email(operator)]

"""What a delivery plugin writes: a Channel, and the words it answers with."""

from __future__ import annotations

from portal.channel.base import Caps, Channel
from portal.channel.errors import (
    AmbiguousError,
    AuthenticationError,
    ChannelError,
    ForgedError,
    PermanentError,
    TemporaryError,
)
from portal.channel.hooks import (
    THIS_MACHINE,
    DeliveryInfo,
    EventInfo,
    Operator,
    Section,
    SectionRequest,
)
from portal.channel.kinds import ABOUT_ONE, ALL_KINDS, MAILED_KINDS, Cause, Kind
from portal.channel.places import is_public
from portal.channel.settings import AccountInfo, Finding, Report, Settings, SettingsForm
from portal.channel.words import Message, Receipt, ReceiptRequest, SendRequest, Sent

__all__ = [
    "ABOUT_ONE",
    "ALL_KINDS",
    "MAILED_KINDS",
    "THIS_MACHINE",
    "AccountInfo",
    "AmbiguousError",
    "AuthenticationError",
    "Caps",
    "Cause",
    "Channel",
    "ChannelError",
    "DeliveryInfo",
    "EventInfo",
    "Finding",
    "ForgedError",
    "Kind",
    "Message",
    "Operator",
    "PermanentError",
    "Receipt",
    "ReceiptRequest",
    "Report",
    "Section",
    "SectionRequest",
    "SendRequest",
    "Sent",
    "Settings",
    "SettingsForm",
    "TemporaryError",
    "is_public",
]

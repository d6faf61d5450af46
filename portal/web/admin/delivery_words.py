"""The words of the outbox: what a status, a kind and a cause are called on a page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from portal import plugins
from portal.db import now
from portal.models.delivery import Status
from portal.models.delivery_list import OTHER, UNDELIVERED

SOON = timedelta(minutes=5)
"""What goes out within this time is worth waiting for on the page."""
STATUSES = (
    ("", "Every status"),
    (UNDELIVERED, "Undelivered, still open"),
    (Status.QUEUED, "Queued"),
    (Status.SENDING, "Sending"),
    (Status.SENT, "Sent"),
    (Status.DELIVERED, "Delivered"),
    (Status.BOUNCED, "Bounced"),
    (Status.COMPLAINED, "Marked as spam"),
    (Status.FAILED, "Failed"),
    (Status.EXPIRED, "Expired"),
    (Status.UNKNOWN, "Unknown"),
    (Status.CANCELLED, "Cancelled"),
)
KINDS = (
    ("", "Every kind"),
    ("invite", "Invitation"),
    ("login", "Login e-mail"),
    ("self", "Asked for by the client"),
)
CAUSES = {
    "no_mailbox": "Mailbox or number does not exist",
    "no_domain": "Domain takes no mail",
    "bad_address": "Address cannot be used",
    "mailbox_full": "Mailbox is full",
    "mailbox_off": "Mailbox is turned off",
    "refused": "Refused by the receiver",
    "spam": "Taken for spam",
    "sender_checks": "Sender checks failed (SPF, DKIM, DMARC)",
    "too_large": "Message is too large",
    "busy": "Provider asks to slow down",
    "unreachable": "Nobody answers there",
    "sign_in": "Provider does not accept our sign-in",
    "not_allowed": "Not allowed by the settings",
    "opted_out": "Person wants no messages",
    "timeout": "No answer in time",
    "fault": "A plugin failed",
    OTHER: "Other reasons",
}
MEANINGS: dict[str, str] = {
    Status.QUEUED: "It waits for its turn.",
    Status.SENDING: "A worker is handing it to the provider.",
    Status.SENT: "The provider took it. Whether it arrived, nobody has said yet.",
    Status.DELIVERED: "The provider says that it arrived.",
    Status.BOUNCED: "The provider took it, and it came back.",
    Status.COMPLAINED: "It arrived, and the receiver marked it as spam.",
    Status.FAILED: "The provider did not take it.",
    Status.EXPIRED: "It could not be sent while its link was worth anything.",
    Status.CANCELLED: "It was not sent.",
    Status.UNKNOWN: "It may have gone out, and nobody can tell.",
}


class Chip(NamedTuple):
    """A status as it is shown: one or two words and their tone."""

    words: str
    tone: str


_CHIPS = {
    Status.SENDING: Chip("Sending", "note"),
    Status.SENT: Chip("Sent", "good"),
    Status.DELIVERED: Chip("Delivered", "good"),
    Status.BOUNCED: Chip("Bounced", "bad"),
    Status.COMPLAINED: Chip("Marked as spam", "bad"),
    Status.FAILED: Chip("Failed", "bad"),
    Status.EXPIRED: Chip("Expired", "bad"),
    Status.CANCELLED: Chip("Cancelled", ""),
    Status.UNKNOWN: Chip("Unknown", "bad"),
}


def chip(status: str, *, due_at: datetime, attempts: int, held: bool) -> Chip:
    """Return how a message's status is shown; one that is queued says what it waits for."""
    if status != Status.QUEUED:
        return _CHIPS[Status(status)]
    if held:
        return Chip("Waiting", "note")
    if attempts:
        return Chip("Trying again", "note")
    return Chip("Scheduled" if due_at > now() + SOON else "Queued", "note")


def is_moving(status: str, *, due_at: datetime) -> bool:
    """Tell whether the message is about to change, so that the page looks again by itself."""
    return status == Status.SENDING or (status == Status.QUEUED and due_at < now() + SOON)


def cause_words(cause: str) -> str:
    return CAUSES.get(cause or OTHER, cause)


def kind_words(kind: str) -> str:
    return {**dict(KINDS), "magic": "Magic link"}.get(kind, kind)


def channel_name(channel_id: str) -> str:
    """Return what the channel is called, even when its plugin is gone."""
    channel = plugins.current().channel(channel_id)
    return channel.name if channel else channel_id or "No channel"

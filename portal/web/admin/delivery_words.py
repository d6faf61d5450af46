"""The words of the outbox: what a status, a kind and a cause are called on a page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from portal import plugins
from portal.db import now
from portal.languages import _, mark
from portal.models.delivery import Status
from portal.models.delivery_list import OTHER, UNDELIVERED
from portal.stored_words import stored as said

SOON = timedelta(minutes=5)
"""What goes out within this time is worth waiting for on the page."""
STATUSES = (
    ("", mark("Every status")),
    (UNDELIVERED, mark("Undelivered, still open")),
    (Status.QUEUED, mark("Queued")),
    (Status.SENDING, mark("Sending")),
    (Status.SENT, mark("Sent")),
    (Status.DELIVERED, mark("Delivered")),
    (Status.BOUNCED, mark("Bounced")),
    (Status.COMPLAINED, mark("Marked as spam")),
    (Status.FAILED, mark("Failed")),
    (Status.EXPIRED, mark("Expired")),
    (Status.UNKNOWN, mark("Unknown")),
    (Status.CANCELLED, mark("Cancelled")),
)
KINDS = (
    ("", mark("Every kind")),
    ("invite", mark("Invitation")),
    ("login", mark("Login e-mail")),
    ("self", mark("Asked for by the client")),
)
CAUSES = {
    "no_mailbox": mark("Mailbox or number does not exist"),
    "no_domain": mark("Domain takes no mail"),
    "bad_address": mark("Address cannot be used"),
    "mailbox_full": mark("Mailbox is full"),
    "mailbox_off": mark("Mailbox is turned off"),
    "refused": mark("Refused by the receiver"),
    "spam": mark("Taken for spam"),
    "sender_checks": mark("Sender checks failed (SPF, DKIM, DMARC)"),
    "too_large": mark("Message is too large"),
    "busy": mark("Provider asks to slow down"),
    "unreachable": mark("Nobody answers there"),
    "sign_in": mark("Provider does not accept our sign-in"),
    "not_allowed": mark("Not allowed by the settings"),
    "opted_out": mark("Person wants no messages"),
    "timeout": mark("No answer in time"),
    "fault": mark("A plugin failed"),
    OTHER: mark("Other reasons"),
}
MEANINGS: dict[str, str] = {
    Status.QUEUED: mark("It waits for its turn."),
    Status.SENDING: mark("A worker is handing it to the provider."),
    Status.SENT: mark("The provider took it. Whether it arrived, nobody has said yet."),
    Status.DELIVERED: mark("The provider says that it arrived."),
    Status.BOUNCED: mark("The provider took it, and it came back."),
    Status.COMPLAINED: mark("It arrived, and the receiver marked it as spam."),
    Status.FAILED: mark("The provider did not take it."),
    Status.EXPIRED: mark("It could not be sent while its link was worth anything."),
    Status.CANCELLED: mark("It was not sent."),
    Status.UNKNOWN: mark("It may have gone out, and nobody can tell."),
}


class Chip(NamedTuple):
    """A status as it is shown: one or two words and their tone."""

    words: str
    """In English, so that what depends on it can be told in every language."""
    tone: str

    @property
    def said(self) -> str:
        return _(self.words)

    @property
    def is_for_later(self) -> bool:
        return self.words == "Scheduled"

    @property
    def is_again(self) -> bool:
        return self.words == "Trying again"


_CHIPS = {
    Status.SENDING: Chip(mark("Sending"), "note"),
    Status.SENT: Chip(mark("Sent"), "good"),
    Status.DELIVERED: Chip(mark("Delivered"), "good"),
    Status.BOUNCED: Chip(mark("Bounced"), "bad"),
    Status.COMPLAINED: Chip(mark("Marked as spam"), "bad"),
    Status.FAILED: Chip(mark("Failed"), "bad"),
    Status.EXPIRED: Chip(mark("Expired"), "bad"),
    Status.CANCELLED: Chip(mark("Cancelled"), ""),
    Status.UNKNOWN: Chip(mark("Unknown"), "bad"),
}


def chip(status: str, *, due_at: datetime, attempts: int, held: bool) -> Chip:
    """Return how a message's status is shown; one that is queued says what it waits for."""
    if status != Status.QUEUED:
        return _CHIPS[Status(status)]
    if held:
        return Chip(mark("Waiting"), "note")
    if attempts:
        return Chip(mark("Trying again"), "note")
    return Chip(mark("Scheduled") if due_at > now() + SOON else mark("Queued"), "note")


def is_moving(status: str, *, due_at: datetime) -> bool:
    """Tell whether the message is about to change, so that the page looks again by itself."""
    return status == Status.SENDING or (status == Status.QUEUED and due_at < now() + SOON)


def cause_words(cause: str) -> str:
    return _(CAUSES.get(cause or OTHER, cause))


def kind_words(kind: str) -> str:
    return _({**dict(KINDS), "magic": mark("Magic link")}.get(kind, kind))


def own_words(stored: object) -> str:
    """Return a reason as it is stored, in the reader's language when it is a sentence of ours."""
    return said(str(stored or ""))


def channel_name(channel_id: str) -> str:
    """Return what the channel is called, even when its plugin is gone."""
    channel = plugins.current().channel(channel_id)
    return _(channel.name) if channel else channel_id or _("No channel")

"""Lines of the Deliveries pages: one message in a list, one thing that happened to a message."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from portal.languages import _, mark
from portal.messages import isolate
from portal.models.delivery import Delivery, Status
from portal.models.delivery_list import DeliveryLine
from portal.models.delivery_story import DeliveryEvent
from portal.web.admin import delivery_words
from portal.web.admin.delivery_words import Chip, own_words


class Line(NamedTuple):
    """One message in a list. *moves_at* is set while it waits for a time to come."""

    id: int
    at: datetime
    moves_at: datetime | None
    kind: str
    channel: str
    chip: Chip
    status: str
    reason: str
    name: str
    email: str


class Step(NamedTuple):
    """One thing that happened to a message, with the other side's own words."""

    at: datetime
    words: str
    reason: str
    reply: str
    icon: str
    tone: str


_STEPS = {
    "invited": (mark("%(by)s invited them"), "user-plus", ""),
    "login_email": (mark("%(by)s sent them a login e-mail"), "mail", ""),
    "asked": (mark("The client asked for a link"), "mail", ""),
    "fallback": (mark("Another channel takes over"), "refresh", "note"),
    "sent": (mark("The provider took it"), "check", "good"),
    "delivered": (mark("It arrived"), "check", "good"),
    "delayed": (mark("It did not work yet"), "clock", "note"),
    "held": (mark("It waits: the channel is paused"), "pause", "note"),
    "failed": (mark("It could not be sent"), "alert", "bad"),
    "bounced": (mark("It came back"), "alert", "bad"),
    "complained": (mark("It was marked as spam"), "alert", "bad"),
    "expired": (mark("It was given up: its link would have expired"), "alert", "bad"),
    "cancelled": (mark("It was not sent"), "x", ""),
    "unknown": (mark("Nobody can tell whether it was sent"), "alert", "bad"),
    "retried": (mark("%(by)s sent it again"), "refresh", ""),
    "handed_over": (mark("%(by)s copied the link, to hand it over"), "link", ""),
}


def as_line(row: DeliveryLine | Delivery) -> Line:
    chip = delivery_words.chip(row.status, due_at=row.due_at, attempts=row.attempts, held=row.held)
    is_waiting = row.status == Status.QUEUED and (chip.is_for_later or chip.is_again)
    return Line(
        id=row.id,
        at=row.created_at,
        moves_at=row.due_at if is_waiting else None,
        kind=delivery_words.kind_words(row.kind),
        channel=delivery_words.channel_name(row.channel),
        chip=chip,
        status=row.status,
        reason=_reason(row),
        name=getattr(row, "contact_name", ""),
        email=getattr(row, "contact_email", ""),
    )


def as_step(event: DeliveryEvent) -> Step:
    words, icon, tone = _STEPS.get(
        event.kind, (event.kind.replace("_", " ").capitalize(), "info", "")
    )
    who = event.staff_name or (
        _("Someone who has left") if event.actor == "staff" else _("The portal")
    )
    return Step(
        at=event.at,
        words=_(words, by=isolate(who)) + _attempt(event.detail),
        reason=own_words(event.detail.get("reason", "")),
        reply=str(event.detail.get("reply", "")),
        icon=icon,
        tone=tone,
    )


def _attempt(detail: dict[str, Any]) -> str:
    if detail.get("receipt"):
        return f" · {_('receipt')}"
    attempt = detail.get("attempt")
    return f" · {_('attempt %(number)s', number=str(attempt))}" if attempt else ""


def _reason(row: DeliveryLine | Delivery) -> str:
    """Return why it has not arrived; what a message that arrived once failed with is past."""
    if row.status in (Status.SENT, Status.DELIVERED):
        return ""
    if row.error:
        return own_words(row.error)
    return delivery_words.cause_words(row.cause) if row.cause else ""

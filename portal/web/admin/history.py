"""The history in plain words: what a line of the timeline and of the overview says."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from portal.messages import isolate
from portal.models.delivery import PENDING, Status
from portal.models.event import EventLine

CHANNELS = {"email": "E-mail", "sms": "SMS", "clipboard": "Copy link"}


class DeliveryWords(NamedTuple):
    """How a message goes on, for the overview."""

    status: str
    reason: str
    channel: str


class ActivityLine(NamedTuple):
    """One line of "Recent activity"."""

    at: datetime
    sentence: str
    contact_id: int | None
    contact_name: str
    icon: str
    delivery: DeliveryWords | None


class TimelineLine(NamedTuple):
    """One line of a contact's timeline."""

    at: datetime
    sentence: str
    detail: str
    icon: str
    tone: str


class Says(NamedTuple):
    """A kind of event: its sentence, icon and tone. {by} and {to} are people."""

    sentence: str
    icon: str = "info"
    tone: str = ""


_SAYS = {
    "added": Says("{by} added {to}", "user-plus"),
    "edited": Says("{by} edited {to}", "edit"),
    "email_changed": Says("{by} corrected the e-mail address of {to}", "edit", "note"),
    "invited": Says("{by} invited {to}", "user-plus"),
    "login_email": Says("{by} sent {to} a login e-mail", "mail"),
    "magic_link": Says("{by} generated a magic link for {to}", "link"),
    "handed_over": Says("{by} copied the link, to hand it to {to}", "link"),
    "asked": Says("{to} asked for a sign-in link", "mail"),
    "asked_too_often": Says(
        "{to} asked again too soon; no further message went out", "clock", "note"
    ),
    "sent": Says("The mail server accepted the message", "check", "good"),
    "delivered": Says("The message was delivered", "check", "good"),
    "delayed": Says("The message could not be sent yet", "clock", "note"),
    "failed": Says("The message could not be sent", "alert", "bad"),
    "bounced": Says("The message came back", "alert", "bad"),
    "expired": Says("The message was given up: its link would have expired", "alert", "bad"),
    "cancelled": Says("The message was not sent", "x"),
    "unknown": Says("Nobody can tell whether the message was sent", "alert", "bad"),
    "opened": Says("The link was opened, and nothing pressed yet", "eye"),
    "signed_in": Says("{to} signed in", "check", "good"),
    "signed_out": Says("{to} signed out", "log-out"),
    "suspended": Says("{by} suspended the access of {to}", "pause", "note"),
    "revoked": Says("{by} revoked the access of {to}", "x", "bad"),
    "restored": Says("{by} restored the access of {to}", "refresh", "good"),
}


def activity_line(line: EventLine) -> ActivityLine:
    delivery = None
    if line.delivery_status:
        reason = line.delivery_error or ""
        channel = CHANNELS.get(line.delivery_channel or "", line.delivery_channel or "")
        delivery = DeliveryWords(line.delivery_status, reason, channel)
    return ActivityLine(
        at=line.at,
        sentence=_sentence(line),
        contact_id=line.contact_id,
        contact_name=_contact(line),
        icon=_says(line).icon,
        delivery=delivery,
    )


def timeline_line(line: EventLine) -> TimelineLine:
    says = _says(line)
    return TimelineLine(line.at, _sentence(line), _detail(line), says.icon, says.tone)


def is_pending(lines: list[EventLine]) -> bool:
    return any(line.delivery_status in PENDING for line in lines)


def _says(line: EventLine) -> Says:
    return _SAYS.get(line.kind) or Says(line.kind.replace("_", " ").capitalize())


def _sentence(line: EventLine) -> str:
    who = line.staff_name or ("Someone who has left" if line.actor == "staff" else "The portal")
    return _says(line).sentence.format(by=isolate(who), to=isolate(_contact(line)))


def _contact(line: EventLine) -> str:
    return line.contact_name or line.contact_email or "a contact"


def _detail(line: EventLine) -> str:
    detail = line.detail
    parts = [
        detail.get("reason", ""),
        f"Its reply: {detail['reply']}" if detail.get("reply") else "",
        _how(line.kind, detail),
        _under_way(line),
        f"Attempt {detail['attempt']}" if detail.get("attempt", 1) > 1 else "",
    ]
    return " · ".join(part for part in parts if part)


def _under_way(line: EventLine) -> str:
    """Say where the message stands until it has an end of its own on the timeline."""
    is_cause = line.kind in ("invited", "login_email", "asked")
    if not is_cause or line.delivery_status not in PENDING:
        return ""
    return (
        "Its message is queued"
        if line.delivery_status == Status.QUEUED
        else "Its message is being sent"
    )


def _how(kind: str, detail: dict[str, Any]) -> str:
    browser = detail.get("browser", "")
    if kind == "signed_in":
        how = "with the code" if detail.get("via") == "code" else "with the link"
        return f"{browser}, {how}"
    if kind == "signed_out" and detail.get("everywhere"):
        return "Everywhere"
    if kind == "magic_link" and detail.get("regenerated"):
        return "The link copied before it no longer works"
    return str(browser)

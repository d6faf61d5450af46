"""The history in plain words: what a line of the timeline and of the overview says."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from portal.messages import isolate
from portal.models.delivery import PENDING, Status
from portal.models.event import EventLine
from portal.web.admin import change_words, sighting_words
from portal.web.admin.delivery_words import Chip, channel_name, chip, is_moving

CAUSES = ("invited", "login_email", "asked", "reminded")
"""The kinds of event that owe somebody a message."""
SIGHTINGS = ("opened", "turned_away")


class DeliveryWords(NamedTuple):
    """How a message goes on, for the overview."""

    id: int
    status: str
    chip: Chip
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
    delivery_id: int | None = None
    can_undo: bool = False
    event_id: int = 0


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
    "reminded": Says("Reminder {number} of {of} queued for {to}", "clock"),
    "not_me": Says("Whoever got the message to {to} says that it is not for them", "alert", "bad"),
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
    "complained": Says("The message was marked as spam", "alert", "bad"),
    "retried": Says("{by} sent the message again", "refresh"),
    "fallback": Says("The same link goes by {channel} now", "send", "note"),
    "channel_changed": Says("{by} changed {channel}", "settings"),
    "opened": Says(sighting_words.OPENED, "eye"),
    "turned_away": Says("The link's page turned somebody away", "eye", "note"),
    "saw_error": Says("{to} saw an error page", "alert", "note"),
    "signed_in": Says("{to} signed in", "check", "good"),
    "signed_out": Says("{to} signed out", "log-out"),
    "suspended": Says("{by} suspended the access of {to}", "pause", "note"),
    "revoked": Says("{by} revoked the access of {to}", "x", "bad"),
    "restored": Says("{by} restored the access of {to}", "refresh", "good"),
    "end_changed": Says("{by} changed when the access of {to} ends", "clock"),
    "exported": Says("{by} exported contacts", "file"),
    "tagged": Says("{by} tagged {to}: {tag}", "tag"),
    "untagged": Says("{by} took a tag off {to}: {tag}", "tag"),
    **{kind: Says(*says) for kind, says in change_words.SAYS.items()},
}
KINDS = tuple(_SAYS)
"""What can happen, by the names under which it is stored."""


def activity_line(line: EventLine) -> ActivityLine:
    return ActivityLine(
        at=line.at,
        sentence=_sentence(line),
        contact_id=line.contact_id,
        contact_name=_contact(line),
        icon=_says(line).icon,
        delivery=_delivery_words(line),
    )


def timeline_line(line: EventLine) -> TimelineLine:
    says = _says(line)
    is_cause = line.kind in CAUSES
    can_undo = is_cause and line.delivery_status == Status.QUEUED and not line.delivery_attempts
    return TimelineLine(
        line.at,
        _sentence(line),
        _detail(line),
        says.icon,
        says.tone,
        line.delivery_id if is_cause else None,
        can_undo,
        line.id,
    )


def is_pending(lines: list[EventLine]) -> bool:
    """Tell whether a message among them is about to change; one for next week is not."""
    return any(
        line.delivery_due_at is not None
        and is_moving(line.delivery_status or "", due_at=line.delivery_due_at)
        for line in lines
    )


def _delivery_words(line: EventLine) -> DeliveryWords | None:
    if line.delivery_id is None or line.delivery_due_at is None or not line.delivery_status:
        return None
    return DeliveryWords(
        line.delivery_id,
        line.delivery_status,
        chip(
            line.delivery_status,
            due_at=line.delivery_due_at,
            attempts=line.delivery_attempts or 0,
            held=bool(line.delivery_held),
        ),
        line.delivery_error or "",
        channel_name(line.delivery_channel or ""),
    )


def _says(line: EventLine) -> Says:
    if line.kind in SIGHTINGS:
        return _of_sighting(line)
    return _SAYS.get(line.kind) or Says(line.kind.replace("_", " ").capitalize())


def _of_sighting(line: EventLine) -> Says:
    says = _SAYS[line.kind]._replace(sentence=sighting_words.sentence(line.kind, line.detail))
    return says._replace(icon="shield", tone="") if line.detail.get("is_program") else says


def _sentence(line: EventLine) -> str:
    who = line.staff_name or _NOBODY.get(line.actor, "The portal")
    channel = line.detail.get("channel")
    if line.kind == "sent" and channel not in (None, "email"):
        return "The provider accepted the message"
    return _says(line).sentence.format(
        by=isolate(who),
        to=isolate(_contact(line)),
        channel=isolate(channel_name(channel)) if channel else "how messages are sent",
        tag=isolate(str(line.detail.get("tag", ""))),
        number=line.detail.get("number", ""),
        of=line.detail.get("of", ""),
    )


_NOBODY = {"staff": "Someone who has left", "operator": "The operator"}


def _contact(line: EventLine) -> str:
    return line.contact_name or line.contact_email or "a contact"


def _detail(line: EventLine) -> str:
    detail = line.detail
    parts = [
        detail.get("reason", ""),
        f"Its reply: {detail['reply']}" if detail.get("reply") else "",
        _how(line.kind, detail),
        sighting_words.place(detail),
        sighting_words.why_program(detail),
        *change_words.parts(detail),
        _under_way(line),
        f"Attempt {detail['attempt']}" if detail.get("attempt", 1) > 1 else "",
    ]
    return " · ".join(part for part in parts if part)


def _under_way(line: EventLine) -> str:
    """Say where the message stands until it has an end of its own on the timeline."""
    delivery = _delivery_words(line) if line.kind in CAUSES else None
    if delivery is None or delivery.status not in PENDING:
        return ""
    return f"Its message is {_UNDER_WAY.get(delivery.chip.words, delivery.chip.words.lower())}"


_UNDER_WAY = {
    "Sending": "being sent",
    "Trying again": "tried again soon",
    "Waiting": "waiting for its channel",
}


def _how(kind: str, detail: dict[str, Any]) -> str:
    browser = detail.get("browser", "")
    if kind == "signed_in":
        how = "with the code" if detail.get("via") == "code" else "with the link"
        return f"{browser}, {how}"
    if kind == "saw_error":
        return f"{browser} · {sighting_words.error(detail)}"
    if kind == "signed_out" and detail.get("everywhere"):
        return "Everywhere"
    if kind == "magic_link" and detail.get("regenerated"):
        return "The link copied before it no longer works"
    return str(browser)

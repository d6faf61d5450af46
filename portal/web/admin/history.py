"""The history in plain words: what a line of the timeline and of the overview says."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from portal.languages import _, mark
from portal.messages import isolate
from portal.models.delivery import PENDING, Status
from portal.models.event import EventLine
from portal.verdict.phrases import browser_name
from portal.web.admin import change_words, sighting_words
from portal.web.admin.delivery_words import Chip, channel_name, chip, is_moving, own_words

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
    """A kind of event: its sentence, icon and tone. %(by)s and %(to)s are people."""

    sentence: str
    icon: str = "info"
    tone: str = ""


_SAYS = {
    "added": Says(mark("%(by)s added %(to)s"), "user-plus"),
    "edited": Says(mark("%(by)s edited %(to)s"), "edit"),
    "email_changed": Says(mark("%(by)s corrected the e-mail address of %(to)s"), "edit", "note"),
    "invited": Says(mark("%(by)s invited %(to)s"), "user-plus"),
    "reminded": Says(mark("Reminder %(number)s of %(of)s queued for %(to)s"), "clock"),
    "not_me": Says(
        mark("Whoever got the message to %(to)s says that it is not for them"),
        "alert",
        "bad",
    ),
    "login_email": Says(mark("%(by)s sent %(to)s a login e-mail"), "mail"),
    "magic_link": Says(mark("%(by)s generated a magic link for %(to)s"), "link"),
    "handed_over": Says(mark("%(by)s copied the link, to hand it to %(to)s"), "link"),
    "asked": Says(mark("%(to)s asked for a sign-in link"), "mail"),
    "asked_too_often": Says(
        mark("%(to)s asked again too soon; no further message went out"), "clock", "note"
    ),
    "sent": Says(mark("The mail server accepted the message"), "check", "good"),
    "delivered": Says(mark("The message was delivered"), "check", "good"),
    "delayed": Says(mark("The message could not be sent yet"), "clock", "note"),
    "failed": Says(mark("The message could not be sent"), "alert", "bad"),
    "bounced": Says(mark("The message came back"), "alert", "bad"),
    "expired": Says(mark("The message was given up: its link would have expired"), "alert", "bad"),
    "cancelled": Says(mark("The message was not sent"), "x"),
    "unknown": Says(mark("Nobody can tell whether the message was sent"), "alert", "bad"),
    "complained": Says(mark("The message was marked as spam"), "alert", "bad"),
    "retried": Says(mark("%(by)s sent the message again"), "refresh"),
    "fallback": Says(mark("The same link goes by %(channel)s now"), "send", "note"),
    "channel_changed": Says(mark("%(by)s changed %(channel)s"), "settings"),
    "opened": Says(sighting_words.OPENED, "eye"),
    "turned_away": Says(sighting_words.AWAY, "eye", "note"),
    "saw_error": Says(mark("%(to)s saw an error page"), "alert", "note"),
    "signed_in": Says(mark("%(to)s signed in"), "check", "good"),
    "signed_out": Says(mark("%(to)s signed out"), "log-out"),
    "suspended": Says(mark("%(by)s suspended the access of %(to)s"), "pause", "note"),
    "revoked": Says(mark("%(by)s revoked the access of %(to)s"), "x", "bad"),
    "restored": Says(mark("%(by)s restored the access of %(to)s"), "refresh", "good"),
    "end_changed": Says(mark("%(by)s changed when the access of %(to)s ends"), "clock"),
    "exported": Says(mark("%(by)s exported contacts"), "file"),
    "tagged": Says(mark("%(by)s tagged %(to)s: %(tag)s"), "tag"),
    "untagged": Says(mark("%(by)s took a tag off %(to)s: %(tag)s"), "tag"),
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
        own_words(line.delivery_error),
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
    who = line.staff_name or _(_NOBODY.get(line.actor, _PORTAL))
    channel = line.detail.get("channel")
    if line.kind == "sent" and channel not in (None, "email"):
        return _("The provider accepted the message")
    if line.kind == "channel_changed" and not channel:
        return _("%(by)s changed how messages are sent", by=isolate(who))
    return _(
        _says(line).sentence,
        by=isolate(who),
        to=isolate(_contact(line)),
        channel=isolate(channel_name(channel or "")),
        tag=isolate(str(line.detail.get("tag", ""))),
        number=str(line.detail.get("number", "")),
        of=str(line.detail.get("of", "")),
    )


_PORTAL = mark("The portal")
_NOBODY = {"staff": mark("Someone who has left"), "operator": mark("The operator")}


def _contact(line: EventLine) -> str:
    return line.contact_name or line.contact_email or _("a contact")


def _detail(line: EventLine) -> str:
    detail = line.detail
    parts = [
        own_words(detail.get("reason", "")),
        _("Its reply: %(reply)s", reply=str(detail["reply"])) if detail.get("reply") else "",
        _how(line.kind, detail),
        sighting_words.place(detail),
        sighting_words.why_program(detail),
        *change_words.parts(detail),
        _under_way(line),
        _("Attempt %(number)s", number=str(detail["attempt"]))
        if detail.get("attempt", 1) > 1
        else "",
    ]
    return " · ".join(part for part in parts if part)


def _under_way(line: EventLine) -> str:
    """Say where the message stands until it has an end of its own on the timeline."""
    delivery = _delivery_words(line) if line.kind in CAUSES else None
    if delivery is None or delivery.status not in PENDING:
        return ""
    return _(_UNDER_WAY[delivery.chip.words])


_UNDER_WAY = {
    "Queued": mark("Its message is queued"),
    "Scheduled": mark("Its message is scheduled"),
    "Sending": mark("Its message is being sent"),
    "Trying again": mark("Its message is tried again soon"),
    "Waiting": mark("Its message is waiting for its channel"),
}


def _how(kind: str, detail: dict[str, Any]) -> str:
    browser = browser_name(str(detail.get("browser", "")))
    if kind == "signed_in":
        if detail.get("via") == "code":
            return _("%(browser)s, with the code", browser=browser)
        return _("%(browser)s, with the link", browser=browser)
    if kind == "saw_error":
        return f"{browser} · {sighting_words.error(detail)}"
    if kind == "signed_out" and detail.get("everywhere"):
        return _("Everywhere")
    if kind == "magic_link" and detail.get("regenerated"):
        return _("The link copied before it no longer works")
    return browser

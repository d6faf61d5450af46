"""What staff and the operator changed, in plain words: what a line of the history says of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from portal.messages import isolate
from portal.web.templating import when

SAYS = {
    "account_opened": ("The account was opened", "arch"),
    "account_changed": ("{by} changed the account", "settings"),
    "words_changed": ("{by} changed the words of a message", "edit"),
    "staff_added": ("{by} added somebody to the staff", "user-plus"),
    "role_changed": ("{by} changed somebody's role", "users"),
    "staff_link_made": ("A sign-in link was made for {by}", "link"),
    "staff_signed_in": ("{by} signed in to the desk", "check"),
    "staff_signed_out": ("{by} signed out of the desk", "log-out"),
    "password_chosen": ("{by} chose a password", "settings"),
    "password_changed": ("{by} changed their password", "settings"),
    "channel_checked": ("{by} had {channel} checked", "settings"),
    "channel_tested": ("{by} had a test sent by {channel}", "send"),
    "channel_paused": ("{channel} was paused", "pause", "note"),
    "channel_resumed": ("{channel} goes on", "refresh", "good"),
    "reminders_changed": ("{by} changed the reminders", "clock"),
    "viewed": ("{by} looked at the portal as {to} sees it", "eye", "note"),
    "hurried": ("{by} let the message to {to} go at once", "send"),
    "task_closed": ("{by} took {to} off the list of links to hand over", "check"),
    "staff_invited": ("{by} invited somebody to the team", "user-plus"),
    "staff_uninvited": ("{by} withdrew an invitation to the team", "x"),
    "staff_joined": ("{by} joined the team", "user-plus"),
    "staff_removed": ("{by} took somebody off the team", "users", "note"),
    "handed_on": ("{by} handed the account over", "users", "note"),
    "staff_session_ended": ("{by} signed another browser out of the desk", "log-out"),
    "merged": ("{by} merged another contact into {to}", "users", "note"),
    "deleted": ("{by} deleted a contact for good", "x", "note"),
    "person_exported": ("{by} exported the personal data of {to}", "file"),
    "run_begun": ("{by} began a run", "users"),
    "run_paused": ("{by} paused a run", "pause", "note"),
    "run_resumed": ("{by} let a run go on", "refresh", "good"),
    "run_cancelled": ("{by} cancelled a run", "x", "note"),
    "run_retried": ("{by} had what failed in a run tried once more", "refresh"),
    "history_adopted": ("{by} took the history as it stood", "alert", "note"),
}
_NAMES = {
    "email": "E-mail address",
    "phone": "Phone number",
    "locale": "Language",
    "external_id": "External id",
    "undo_one": "Seconds to take back one",
    "undo_bulk": "Seconds to take back many",
    "accent": "Accent colour",
    "support": "Support contact",
    "footer": "Footer line",
    "icon": "Favicon",
    "rate": "Most messages a minute",
    "receipt_wait": "Wait for receipts",
    "time_zone": "Time zone",
    "reminders": "Reminders",
    "ends_at": "Access ends",
}
_WHY = {"handed over": "The link was handed over", "not needed": "It was not needed"}


def name_of(field: str) -> str:
    return _NAMES.get(field) or field.replace("_", " ").capitalize()


def parts(detail: dict[str, Any]) -> Iterator[str]:
    """Yield what is to be said of a change besides who made it."""
    if "owner" in detail:
        yield f"Its owner is {isolate(str(detail['owner']))}"
    if "who" in detail and "role" in detail:
        was = f", was {detail['was']}" if detail.get("was") else ""
        yield f"{isolate(str(detail['who']))}: {detail['role']}{was}"
    yield from _merged(detail.get("merged", {}))
    for field, (before, after) in detail.get("changes", {}).items():
        yield f"{name_of(field)}: {_value(field, before)} → {_value(field, after)}"
    if detail.get("changed"):
        yield f"Changed: {', '.join(name_of(field) for field in detail['changed'])}"
    if "to" in detail:
        yield f"To {isolate(str(detail['to']))}"
    if "via" in detail and "link_kind" not in detail:
        yield "With a link" if detail["via"] == "link" else f"With their {detail['via']}"
    if detail.get("sessions_ended"):
        count = detail["sessions_ended"]
        yield "One other browser was signed out" if count == 1 else f"{count} others signed out"
    if detail.get("why") in _WHY:
        yield _WHY[detail["why"]]
    yield from _of_words(detail)
    yield from _run(detail)
    if "erased" in detail:
        yield "The details were erased with the contact"


def _run(detail: dict[str, Any]) -> Iterator[str]:
    if "run" in detail:
        yield f"Run {detail['run']}"
    if "run" in detail and "contacts" in detail:
        yield f"{detail['contacts']:,} contacts"
    if detail.get("taken_back"):
        yield f"{detail['taken_back']:,} messages taken back"


def _merged(other: dict[str, Any]) -> Iterator[str]:
    if other:
        yield f"The other one: {', '.join(isolate(str(one)) for one in other.values())}"


def _of_words(detail: dict[str, Any]) -> Iterator[str]:
    if "form" in detail and "language" in detail:
        form = "e-mail" if detail["form"] == "email" else "text message"
        yield f"{str(detail.get('kind', '')).capitalize()}, {form}, {detail['language']}"
        if detail.get("restored"):
            yield "Back to Portico's own words"


def _value(field: str, value: Any) -> str:
    if field == "ends_at":
        return when(datetime.fromisoformat(value)) if value else "no end"
    return _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "nothing" if value in (None, "") else isolate(str(value))

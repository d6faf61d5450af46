"""Runs in plain words: what they are for, how they stand, and what the verdicts mean."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from babel.dates import format_timedelta

from portal.db import now
from portal.models.run import Run, RunLine, Status, What
from portal.models.run_row import State, Verdict

WHATS = {
    What.INVITE: "Invite to Client Portal",
    What.LOGIN_EMAIL: "Send Login Email",
    What.ADD: "Add contacts, send nothing",
    What.TAG: "Tag contacts, send nothing",
}
STATUSES: dict[str, tuple[str, str]] = {
    Status.UPLOADING: ("Uploading", ""),
    Status.DRAFT: ("Columns to confirm", "note"),
    Status.READING: ("Reading", ""),
    Status.PREVIEWED: ("Ready to begin", "note"),
    Status.RUNNING: ("Running", ""),
    Status.PAUSED: ("Paused", "note"),
    Status.CANCELLED: ("Cancelled", ""),
    Status.DONE: ("Done", "good"),
    Status.REFUSED: ("Cannot be read", "bad"),
}
VERDICTS: dict[str, tuple[str, str]] = {
    Verdict.NEW: ("New", "Nobody you know has this address yet."),
    Verdict.KNOWN: ("Known", "In your contacts, never invited."),
    Verdict.INVITED: ("Already invited", "Has not signed in yet."),
    Verdict.JOINED: ("Already joined", "Has signed in before."),
    Verdict.BOUNCED: ("Bounced before", "The last message did not arrive."),
    Verdict.SHUT_OUT: ("Suspended or revoked", "Restore their access first."),
    Verdict.TYPO: ("Likely typo", "The address is one slip away from a common one."),
    Verdict.DUPLICATE: ("Twice in the list", "The first one counts."),
    Verdict.INVALID: ("Cannot be used", "Each row says why."),
}
STATES = {
    State.WAITING: "Waiting",
    State.DONE: "Done",
    State.SKIPPED: "Left out",
    State.FAILED: "Failed",
}
FIELDS = (
    ("", "Leave out"),
    ("email", "E-mail address"),
    ("name", "Name"),
    ("first_name", "First name"),
    ("last_name", "Last name"),
    ("phone", "Phone"),
    ("external_id", "Your reference"),
    ("tags", "Tags"),
)
MESSAGES = {
    "queued": "Waiting to go out",
    "sending": "Being sent",
    "sent": "Sent",
    "delivered": "Delivered",
    "bounced": "Bounced",
    "complained": "Marked as spam",
    "failed": "Failed",
    "expired": "Given up",
    "cancelled": "Taken back",
    "unknown": "Not known",
}
_SENDS = {
    What.INVITE: "Invite",
    What.LOGIN_EMAIL: "Send login e-mail",
    What.ADD: "Add",
    What.TAG: "Tag",
}


class Group(NamedTuple):
    """One verdict of a preview, with what can be done about it."""

    verdict: str
    name: str
    hint: str
    size: int
    acts: list[tuple[str, str]]
    act: str


class Progress(NamedTuple):
    """How far a run is, as numbers and as words."""

    percent: int
    rate: str
    left: str
    begins_in: str


def act_words(what: str, verdict: str, act: str) -> str:
    """Return the label of one choice for a group."""
    if act == "skip":
        return "Leave out"
    if act == "add":
        return "Add only, send nothing"
    if act == "suggestion":
        return "Use the suggestion"
    if verdict == Verdict.TYPO:
        return "Keep as typed"
    if what == What.INVITE and verdict == Verdict.JOINED:
        return "Send login e-mail"
    if what == What.INVITE and verdict in (Verdict.INVITED, Verdict.BOUNCED):
        return "Send again"
    if what == What.ADD and verdict not in (Verdict.NEW, Verdict.TYPO):
        return "Fill in what is missing"
    return _SENDS[What(what)]


def progress(run: Run, locale: str) -> Progress:
    percent = 100 * run.done // run.total if run.total else 0
    if run.status != Status.RUNNING:
        return Progress(percent, "", "", "")
    waits = (run.begin_at - now()).total_seconds() if run.begin_at else 0
    if waits > 1 and not run.done:
        return Progress(percent, "", "", _span(waits, locale))
    rate = run.rate
    if rate <= 0:
        return Progress(percent, "", "", "")
    return Progress(percent, _a_second(rate), _span(run.left / rate, locale), "")


def title(run: Run) -> str:
    """Return what the run is called: its file, or where its people come from."""
    names = {"pasted": "Pasted addresses", "selection": "Selected contacts"}
    return run.file_name or names.get(run.source, "A file")


def who(line: RunLine) -> str:
    return line.staff_name or line.staff_email or "The operator"


def _span(seconds: float, locale: str) -> str:
    return format_timedelta(timedelta(seconds=max(round(seconds), 1)), locale=locale)


def _a_second(rate: float) -> str:
    return f"{rate:,.0f} a second" if rate >= 2 else f"{rate * 60:,.0f} a minute"

"""Runs in plain words: what they are for, how they stand, and what the verdicts mean."""

from __future__ import annotations

from typing import NamedTuple

from portal.db import now
from portal.languages import _, counted, mark
from portal.models.run import Run, RunLine, Status, What
from portal.models.run_row import State, Verdict
from portal.web.templating import span

WHATS = {
    What.INVITE: mark("Invite to Client Portal"),
    What.LOGIN_EMAIL: mark("Send Login Email"),
    What.ADD: mark("Add contacts, send nothing"),
    What.TAG: mark("Tag contacts, send nothing"),
}
STATUSES: dict[str, tuple[str, str]] = {
    Status.UPLOADING: (mark("Uploading"), ""),
    Status.DRAFT: (mark("Columns to confirm"), "note"),
    Status.READING: (mark("Reading"), ""),
    Status.PREVIEWED: (mark("Ready to begin"), "note"),
    Status.RUNNING: (mark("Running"), ""),
    Status.PAUSED: (mark("Paused"), "note"),
    Status.CANCELLED: (mark("Cancelled"), ""),
    Status.DONE: (mark("Done"), "good"),
    Status.REFUSED: (mark("Cannot be read"), "bad"),
}
VERDICTS: dict[str, tuple[str, str]] = {
    Verdict.NEW: (mark("New"), mark("Nobody you know has this address yet.")),
    Verdict.KNOWN: (mark("Known"), mark("In your contacts, never invited.")),
    Verdict.INVITED: (mark("Already invited"), mark("Has not signed in yet.")),
    Verdict.JOINED: (mark("Already joined"), mark("Has signed in before.")),
    Verdict.BOUNCED: (mark("Bounced before"), mark("The last message did not arrive.")),
    Verdict.SHUT_OUT: (mark("Suspended or revoked"), mark("Restore their access first.")),
    Verdict.TYPO: (mark("Likely typo"), mark("The address is one slip away from a common one.")),
    Verdict.DUPLICATE: (mark("Twice in the list"), mark("The first one counts.")),
    Verdict.INVALID: (mark("Cannot be used"), mark("Each row says why.")),
}
STATES = {
    State.WAITING: mark("Waiting"),
    State.DONE: mark("Done"),
    State.SKIPPED: mark("Left out"),
    State.FAILED: mark("Failed"),
}
FIELDS = (
    ("", mark("Leave out")),
    ("email", mark("E-mail address")),
    ("name", mark("Name")),
    ("first_name", mark("First name")),
    ("last_name", mark("Last name")),
    ("phone", mark("Phone")),
    ("external_id", mark("Your reference")),
    ("tags", mark("Tags")),
)
MESSAGES = {
    "queued": mark("Waiting to go out"),
    "sending": mark("Being sent"),
    "sent": mark("Sent"),
    "delivered": mark("Delivered"),
    "bounced": mark("Bounced"),
    "complained": mark("Marked as spam"),
    "failed": mark("Failed"),
    "expired": mark("Given up"),
    "cancelled": mark("Taken back"),
    "unknown": mark("Not known"),
}
_SENDS = {
    What.INVITE: mark("Invite"),
    What.LOGIN_EMAIL: mark("Send login e-mail"),
    What.ADD: mark("Add"),
    What.TAG: mark("Tag"),
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
        return _("Leave out")
    if act == "add":
        return _("Add only, send nothing")
    if act == "suggestion":
        return _("Use the suggestion")
    if verdict == Verdict.TYPO:
        return _("Keep as typed")
    if what == What.INVITE and verdict == Verdict.JOINED:
        return _("Send login e-mail")
    if what == What.INVITE and verdict in (Verdict.INVITED, Verdict.BOUNCED):
        return _("Send again")
    if what == What.ADD and verdict not in (Verdict.NEW, Verdict.TYPO):
        return _("Fill in what is missing")
    return _(_SENDS[What(what)])


def progress(run: Run) -> Progress:
    percent = 100 * run.done // run.total if run.total else 0
    if run.status != Status.RUNNING:
        return Progress(percent, "", "", "")
    waits = (run.begin_at - now()).total_seconds() if run.begin_at else 0
    if waits > 1 and not run.done:
        return Progress(percent, "", "", span(waits))
    rate = run.rate
    if rate <= 0:
        return Progress(percent, "", "", "")
    return Progress(percent, _a_second(rate), span(run.left / rate), "")


def title(run: Run) -> str:
    """Return what the run is called: its file, or where its people come from."""
    names = {"pasted": _("Pasted addresses"), "selection": _("Selected contacts")}
    return run.file_name or names.get(run.source, _("A file"))


def who(line: RunLine) -> str:
    return line.staff_name or line.staff_email or _("The operator")


def _a_second(rate: float) -> str:
    if rate >= 2:
        return _("%(number)s a second", number=counted(round(rate)))
    return _("%(number)s a minute", number=counted(round(rate * 60)))

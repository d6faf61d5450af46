"""All that is held on one person as a file that they can read: tables, and the same as JSON."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from typing import Any

from portal.models import personal_data
from portal.models.contact import Contact
from portal.models.personal_data import PersonalData
from portal.web import csv_cells
from portal.web.admin.delivery_words import channel_name
from portal.web.admin.history import timeline_line

Rows = list[dict[str, Any]]
_KINDS = {
    "invite": "Invitation",
    "login": "Login e-mail",
    "magic": "Copied link",
    "self": "Link that they asked for",
}


def written(contact: Contact) -> bytes:
    """Return a ZIP file: a table for each sort of thing, and `personal-data.json` with them all.

    Times are in UTC. No link, code or cookie is among it: of those only digests are kept.
    """
    tables = {name: rows for name, rows in _tables(personal_data.of(contact)).items() if rows}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("personal-data.json", json.dumps(tables, indent=2, ensure_ascii=False))
        for name, rows in tables.items():
            archive.writestr(f"{name}.csv", _table(rows))
    return packed.getvalue()


def _tables(held: PersonalData) -> dict[str, Rows]:
    return {
        "contact": [_contact(held)],
        "timeline": _timeline(held.contact),
        "messages": _messages(held),
        "links": _links(held),
        "signed-in browsers": _browsers(held),
        "support codes": _support_codes(held),
        "links to hand over": _tasks(held),
        "reminders": _reminders(held),
        "lines of runs": _lines(held),
    }


def _contact(held: PersonalData) -> dict[str, Any]:
    contact, access = held.contact, held.access
    row = {
        "Name": contact.name,
        "E-mail": contact.email,
        "Phone": contact.phone,
        **{f"Other address ({kind})": where for kind, where in contact.addresses.items()},
        "Language": contact.locale,
        "Reference": contact.external_id,
        "Tags": ", ".join(tag.name for tag in held.tags),
        "Added": _at(contact.created_at),
        "Access": access.status if access else "never invited",
    }
    if access is not None:
        row |= {
            "Invited": _at(access.invited_at),
            "Joined": _at(access.joined_at),
            "Last seen": _at(access.last_seen_at),
            "Access ends": _at(access.ends_at),
        }
    return row


def _timeline(contact: Contact) -> Rows:
    shown = ((line, timeline_line(line)) for line in personal_data.timeline(contact))
    return [
        {
            "Time": _at(line.at),
            "What": words.sentence,
            "Details": words.detail,
            "Written down": json.dumps(line.detail, ensure_ascii=False) if line.detail else "",
        }
        for line, words in shown
    ]


def _messages(held: PersonalData) -> Rows:
    return [
        {
            "Queued": _at(one.created_at),
            "Message": _KINDS.get(one.kind, one.kind),
            "By": channel_name(one.channel),
            "State": one.status,
            "Attempts": one.attempts,
            "Ended": _at(one.finished_at),
            "What was wrong": one.error,
            "The provider's reply": one.reply,
            "The provider's number": one.provider_id,
            "Note": one.note,
        }
        for one in held.messages
    ]


def _links(held: PersonalData) -> Rows:
    return [
        {
            "Made": _at(one.created_at),
            "Link": _KINDS.get(one.kind, one.kind),
            "Opens": one.target or "home",
            "Expires": _at(one.expires_at),
            "Used": _at(one.used_at),
            "Used in": one.used_browser,
            "Revoked": _at(one.revoked_at),
        }
        for one in held.links
    ]


def _browsers(held: PersonalData) -> Rows:
    return [
        {
            "Browser": one.browser,
            "Signed in": _at(one.created_at),
            "Last seen": _at(one.last_seen_at),
            "Ends": _at(one.expires_at),
        }
        for one in held.browsers
    ]


def _support_codes(held: PersonalData) -> Rows:
    return [
        {"Shown": _at(one.created_at), "Page": one.page, "Browser": one.browser, "Code": one.code}
        for one in held.support_codes
    ]


def _tasks(held: PersonalData) -> Rows:
    return [
        {"Since": _at(one.created_at), "Why": one.reason, "Done": _at(one.done_at)}
        for one in held.tasks
    ]


def _reminders(held: PersonalData) -> Rows:
    one = held.reminder
    if one is None:
        return []
    return [
        {
            "Invited": _at(one.invited_at),
            "Reminders sent": one.number,
            "Last": _at(one.reminded_at),
            "Next": _at(one.due_at),
            "Ended": one.ended.replace("_", " "),
        }
    ]


def _lines(held: PersonalData) -> Rows:
    return [
        {
            "Run": one.run_id,
            "Line": one.line,
            "E-mail": one.email,
            "Name": one.name,
            "Phone": one.phone,
            "Reference": one.external_id,
            "Tags": ", ".join(one.tags),
            "State": one.state,
            "Why": one.reason or one.error,
        }
        for one in held.lines
    ]


def _table(rows: Rows) -> str:
    lines = (csv_cells.row(row.values()) for row in rows)
    return csv_cells.BOM + csv_cells.row(rows[0]) + "".join(lines)


def _at(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""

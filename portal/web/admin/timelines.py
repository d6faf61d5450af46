"""A contact's timeline with the verdict above it, as the page and its polls show both."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from portal.models.contact import Contact
from portal.models.event import PAGE, Event, EventLine
from portal.models.portal_access import PortalAccess
from portal.web import keys
from portal.web.admin.history import is_pending, timeline_line
from portal.web.admin.verdicts import verdict_on
from portal.web.forms import whole_number


def timeline_of(contact: Contact, access: PortalAccess | None) -> dict[str, Any]:
    """Return what a page of the timeline shows. The address may name a page (`before`) or a line
    (`event`), to which a support code leads; the newest page has the verdict above it."""
    before = keys.read(request.args.get("before", ""), keys.moment, keys.row_id)
    sought = whole_number(request.args.get("event")) or 0
    lines = Event.timeline(contact.id, before=before)
    if sought and not _holds(lines, sought) and (there := Event.down_from(contact.id, sought)):
        lines, before = there, (there[0].at, there[0].id)
    verdict = verdict_on(contact, access) if before is None else None
    return {
        "timeline": [timeline_line(line) for line in lines],
        "sought": sought if _holds(lines, sought) else 0,
        "verdict": verdict,
        "is_pending": before is None and is_pending(lines),
        "is_waiting": verdict is not None and verdict.is_waiting,
        "older_url": _older(contact, lines),
    }


def _older(contact: Contact, lines: list[EventLine]) -> str | None:
    if len(lines) < PAGE:
        return None
    key = keys.write(lines[-1].at.isoformat(), lines[-1].id)
    return url_for("contacts.show", contact_id=contact.id, before=key)


def _holds(lines: list[EventLine], event_id: int) -> bool:
    return any(line.id == event_id for line in lines)

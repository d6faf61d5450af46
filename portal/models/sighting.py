"""Sighting: a link that somebody or something looked at, as it stands on the timeline."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.engine import Connection

from portal import scanners
from portal.models.event import Event
from portal.models.portal_access import PortalAccess

QUICK = timedelta(seconds=10)
"""A person takes longer to find a message, to read it and to press its button."""


class Sighting(NamedTuple):
    """Who looked at a link's page, from where, and what the page said: *state* is '' when the
    link was ready, or why it opened nothing."""

    account_id: int
    contact_id: int
    link_id: UUID
    state: str
    browser: str
    network: str
    owner: str
    signs: list[str]
    request_id: str
    at: datetime
    is_first: bool
    """Whether nobody was known to have opened the contact's invitation."""
    sent_at: datetime | None
    """When the message that holds the link was taken by its provider."""

    @property
    def is_quick(self) -> bool:
        return self.sent_at is not None and self.at - self.sent_at < QUICK


def note(connection: Connection, seen: Sighting) -> int:
    """Append who was turned away to the timeline unless the like stands there; return its id."""
    return Event.record_aside(connection, "turned_away", **_line(seen))


def note_all(connection: Connection, several: list[Sighting]) -> None:
    """Append each opening to the timeline unless the like stands there, with few statements."""
    Event.record_all_aside(connection, "opened", [_line(seen) for seen in several])
    by_people = [
        seen for seen in several if seen.is_first and not scanners.is_program(_signs(seen))
    ]
    if by_people:
        PortalAccess.mark_opened(connection, {seen.contact_id: seen.at for seen in by_people})


def _line(seen: Sighting) -> dict[str, Any]:
    signs = _signs(seen)
    detail: dict[str, Any] = {
        "browser": seen.browser,
        "network": seen.network,
        "state": seen.state,
        "owner": seen.owner,
        "signs": signs,
        "is_program": scanners.is_program(signs),
    }
    return {
        "account_id": seen.account_id,
        "contact_id": seen.contact_id,
        "link_id": seen.link_id,
        "request_id": seen.request_id,
        "at": seen.at,
        "detail": {name: value for name, value in detail.items() if value},
    }


def _signs(seen: Sighting) -> list[str]:
    return [*seen.signs, *(["speed"] if seen.is_quick else [])]

"""Sighting: a link that somebody or something looked at, as it stands on the timeline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, bindparam, or_, select
from sqlalchemy.engine import Connection

from portal import scanners
from portal.db import big_id, now
from portal.models.delivery import ARRIVING, Delivery
from portal.models.event import Event

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


def note(connection: Connection, seen: Sighting) -> int:
    """Append *seen* to the timeline unless the like stands there; return its row's id."""
    signs = [*seen.signs, *(["speed"] if _is_quick(connection, seen) else [])]
    detail: dict[str, Any] = {
        "browser": seen.browser,
        "network": seen.network,
        "state": seen.state,
        "owner": seen.owner,
        "signs": signs,
        "is_program": scanners.is_program(signs),
    }
    return Event.record_aside(
        connection,
        "turned_away" if seen.state else "opened",
        account_id=seen.account_id,
        contact_id=seen.contact_id,
        link_id=seen.link_id,
        request_id=seen.request_id,
        detail={name: value for name, value in detail.items() if value},
    )


def _is_quick(connection: Connection, seen: Sighting) -> bool:
    """Tell whether the message has only just gone out."""
    link = {"contact": seen.contact_id, "link": seen.link_id}
    at = now()
    sent_at = [row[0] for row in connection.execute(_SENT, link) if row[0]]
    return bool(sent_at) and at - max(sent_at) < QUICK


_SENT = select(Delivery.finished_at).where(
    Delivery.contact_id == bindparam("contact", type_=big_id),
    Delivery.link_id == bindparam("link", type_=Uuid()),
    or_(*(Delivery.status == status for status in ARRIVING)),
)

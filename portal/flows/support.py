"""Support: what a client saw is written on their timeline, and staff find it by a code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from sqlalchemy.engine import Connection

from portal import support_codes
from portal.db import atomic, now, try_aside
from portal.models import sighting
from portal.models.account import Account
from portal.models.event import Event
from portal.models.magic_link import MagicLink
from portal.models.rate_count import RateCount
from portal.models.sighting import Sighting
from portal.models.staff import Staff
from portal.models.support_code import OnPage, SupportCode
from portal.notes import note
from portal.support_codes import Blind

MISSES, MISSES_WITHIN = 20, timedelta(minutes=5)


class Found(NamedTuple):
    """What stands behind a code: a contact and a line of their timeline, or what else is known."""

    contact_id: int | None
    event_id: int | None
    page: str
    blind: Blind | None = None
    browser: str = ""


def note_opening(seen: Sighting) -> None:
    """Write on the timeline that a link was opened, beside a page that itself changes nothing."""
    note(sighting.note_all, seen)


def turn_away(seen: Sighting) -> str:
    """Write on the timeline that a link's page turned somebody away; return the code to show.

    '' when the database is too busy to write: the page is shown without a code.
    """
    return _aside(partial(_turn_away, seen=seen))


def fall(on: OnPage, request_id: str) -> str:
    """Write on the timeline which error a signed-in client saw; return the code to show, or ''."""
    return _aside(partial(_fall, on=on, request_id=request_id))


def stop(on: OnPage) -> str:
    """Return the code to show where a browser's sign-in cannot go on, or ''.

    Nobody is looked up: an address that has access and one that has none take the same time.
    """
    flow = on.flow_digest.hex() if on.flow_digest else ""
    return _aside(partial(_again_or_give, subject=f"flow {flow} {on.page}", on=on))


def find(account: Account, typed: str) -> Found | None:
    """Return what is known of the page of *account* that showed the code *typed*, or None."""
    code = support_codes.read(typed)
    on = SupportCode.find(account.id, code) if code else None
    if on is None:
        blind = support_codes.read_blind(code, now()) if code else None
        return Found(None, None, blind.page, blind) if blind else None
    if on.flow_digest is None:
        return Found(on.contact_id, on.event_id, on.page, browser=on.browser)
    asked = MagicLink.asked_in(account.id, on.flow_digest)
    event_id = Event.latest("asked", *asked) if asked else None
    return Found(asked[0] if asked else None, event_id, on.page, browser=on.browser)


def may_try(account: Account, staff: Staff) -> bool:
    """Tell whether this person has typed few enough codes that lead nowhere."""
    return RateCount.read(_misses(account, staff))[0] < MISSES


@atomic
def miss(account: Account, staff: Staff) -> None:
    """Count a code that leads nowhere: nobody is to find pages by trying codes."""
    RateCount.hit(_misses(account, staff), MISSES_WITHIN)


def miss_aside(account: Account, staff: Staff) -> None:
    """Like `miss`, beside a page that itself only reads."""
    name = _misses(account, staff)
    try_aside(lambda connection: _count(connection, name))


def _misses(account: Account, staff: Staff) -> str:
    return f"support:{account.id}:{staff.id}"


def _count(connection: Connection, name: str) -> None:
    RateCount.hit(name, MISSES_WITHIN, on=connection)


def _turn_away(connection: Connection, seen: Sighting) -> str:
    event_id = sighting.note(connection, seen)
    on = OnPage(seen.account_id, seen.state, seen.browser, seen.contact_id, event_id)
    return _again_or_give(connection, f"event {event_id}", on)


def _fall(connection: Connection, on: OnPage, request_id: str) -> str:
    subject = f"error {on.contact_id} {on.page} {on.browser}"
    known = SupportCode.again(connection, on.account_id, subject)
    if known or on.contact_id is None:
        return known
    event_id = Event.record_aside(
        connection,
        "saw_error",
        account_id=on.account_id,
        contact_id=on.contact_id,
        link_id=None,
        request_id=request_id,
        detail={"browser": on.browser, "page": on.page, "number": request_id},
    )
    return SupportCode.give(connection, subject, on._replace(event_id=event_id))


def _again_or_give(connection: Connection, subject: str, on: OnPage) -> str:
    known = SupportCode.again(connection, on.account_id, subject)
    return known or SupportCode.give(connection, subject, on)


def _aside(deed: Callable[[Connection], str]) -> str:
    given: list[str] = []
    try_aside(lambda connection: given.append(deed(connection)))
    return given[0] if given else ""

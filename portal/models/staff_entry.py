"""StaffEntry: how somebody comes in whose first step was right: at once, or after the second."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import update

from portal import tokens
from portal.db import execute
from portal.models import staff_event, staff_factors
from portal.models.staff import Staff
from portal.models.staff_half_sign_in import StaffHalfSignIn
from portal.models.staff_session import StaffSession


class StaffEntry(NamedTuple):
    """The secret of a session or, when not *is_whole*, of a sign-in that the second factor ends.

    *was_reset* is told once: somebody else took this person's second factor away.
    """

    secret: str
    is_whole: bool = True
    was_reset: bool = False
    codes_left: int | None = None
    """Recovery codes, when one of them was used."""


def begin(staff_id: int, *, via: str, browser: str, request_id: str) -> StaffEntry:
    """Go on after the password or the link: nobody with a second factor is in without it."""
    if staff_factors.has_any(staff_id):
        return StaffEntry(StaffHalfSignIn.begin(staff_id, via), is_whole=False)
    return enter(staff_id, via=via, browser=browser, request_id=request_id)


def enter(staff_id: int, *, via: str, browser: str, request_id: str, **detail: Any) -> StaffEntry:
    """Open a session, with an id that nobody had before."""
    secret = tokens.new_secret()
    StaffSession.open(staff_id, tokens.digest(secret), via=via, browser=browser)
    told = {"browser": browser, "via": via, **detail}
    staff_event.record("staff_signed_in", staff_id, request_id=request_id, **told)
    left = detail.get("recovery_codes_left")
    return StaffEntry(secret, was_reset=_was_reset(staff_id), codes_left=left)


def _was_reset(staff_id: int) -> bool:
    told = update(Staff).where(Staff.id == staff_id, Staff.factors_reset_at.is_not(None))
    return execute(told.values(factors_reset_at=None)).rowcount == 1

"""Staff sign-in: by password, or by a one-time link made on the command line."""

from __future__ import annotations

from datetime import timedelta

from portal import passwords
from portal.config import settings
from portal.db import atomic, db
from portal.errors import AddressError
from portal.models import staff_entry, staff_event
from portal.models.address import normalise_email
from portal.models.rate_count import RateCount
from portal.models.staff import Staff
from portal.models.staff_entry import StaffEntry
from portal.models.staff_half_sign_in import StaffHalfSignIn
from portal.models.staff_link import StaffLink
from portal.models.staff_session import StaffSession

WINDOW = timedelta(minutes=15)


def sign_in_by_password(
    email: str, password: str, *, browser: str, request_id: str = ""
) -> StaffEntry | None:
    """Return a new session, or a sign-in that goes on with the second factor, or None.

    An unknown address costs the same work as a known one, and counts in the same way, so
    neither the answer nor its time tells which addresses work here.
    """
    try:
        address = normalise_email(email)
    except AddressError:
        address = ""
    staff = _find(address)
    allowed = _count(address)
    right = passwords.verify(staff.password_hash if staff else "", password)
    if staff is None or not right or not allowed:
        return None
    return _open(staff, address, password, browser, request_id)


@atomic
def sign_in_by_staff_link(token: str, *, browser: str, request_id: str = "") -> StaffEntry | None:
    """Use the one-time link up; go on as after a password, unless it was made to be enough."""
    redeemed = StaffLink.redeem(token)
    if redeemed is None:
        return None
    staff_id, skips_second = redeemed
    go_on = staff_entry.enter if skips_second else staff_entry.begin
    return go_on(staff_id, via="link", browser=browser, request_id=request_id)


@atomic
def sign_out(digest: bytes, *, request_id: str = "") -> None:
    ended = StaffSession.end(digest)
    if ended is not None:
        staff_id, browser = ended
        staff_event.record("staff_signed_out", staff_id, request_id=request_id, browser=browser)


@atomic
def sign_out_browser(staff: Staff, session_id: int, *, request_id: str = "") -> bool:
    """End another browser of this person; tell whether it was theirs."""
    browser = StaffSession.end_own(staff.id, session_id)
    if browser is None:
        return False
    staff_event.record("staff_session_ended", staff.id, request_id=request_id, browser=browser)
    return True


@atomic
def sign_out_others(staff: Staff, session_id: int, *, request_id: str = "") -> int:
    """End every browser of this person but *session_id*; return how many there were."""
    ended = StaffSession.end_others(staff.id, session_id)
    if ended:
        kind = "staff_session_ended"
        staff_event.record(kind, staff.id, request_id=request_id, sessions_ended=ended)
    return ended


@atomic
def choose_password(staff: Staff, password: str, *, session_id: int, request_id: str = "") -> None:
    """Set a new password and end this person's other browsers. Raises PasswordError."""
    passwords.check(password, email=staff.email, name=staff.name)
    kind = "password_changed" if staff.password_hash else "password_chosen"
    staff.password_hash = passwords.hash_of(password)
    db.session.flush()  # who signs in with the old one has done so, and is found below
    ended = StaffSession.end_others(staff.id, session_id)
    StaffHalfSignIn.end_all(staff.id)
    StaffSession.confirm(session_id)
    staff_event.record(kind, staff.id, request_id=request_id, sessions_ended=ended)


def _find(address: str) -> Staff | None:
    return Staff.by_email(address) if address else None


@atomic
def _count(address: str) -> bool:
    limits = settings()
    allowed = RateCount.allows(f"staff:{address}", limits.limit_staff_sign_ins, WINDOW)
    return allowed or limits.limits == "off"


@atomic
def _open(
    staff: Staff, address: str, password: str, browser: str, request_id: str
) -> StaffEntry | None:
    """None when the password was changed while it was compared."""
    was = staff.password_hash
    renewed = passwords.hash_of(password) if passwords.is_outdated(was) else was
    if not Staff.keep_password(staff.id, was, renewed):
        return None
    RateCount.clear(f"staff:{address}")
    return staff_entry.begin(staff.id, via="password", browser=browser, request_id=request_id)

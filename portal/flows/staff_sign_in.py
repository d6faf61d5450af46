"""Staff sign-in: by password, or by a one-time link made on the command line."""

from __future__ import annotations

from datetime import timedelta

from portal import passwords, tokens
from portal.config import settings
from portal.db import atomic
from portal.errors import AddressError
from portal.models import staff_event
from portal.models.address import normalise_email
from portal.models.rate_count import RateCount
from portal.models.staff import Staff
from portal.models.staff_link import StaffLink
from portal.models.staff_session import StaffSession

WINDOW = timedelta(minutes=15)


def sign_in_by_password(
    email: str, password: str, *, browser: str, request_id: str = ""
) -> str | None:
    """Return the secret of a new session, or None.

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
def sign_in_by_staff_link(token: str, *, browser: str, request_id: str = "") -> str | None:
    """Use the one-time link up and return the secret of a new session, or None."""
    staff_id = StaffLink.redeem(token)
    if staff_id is None:
        return None
    return _session(staff_id, "link", browser, request_id)


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
    ended = StaffSession.end_others(staff.id, session_id)
    staff_event.record(kind, staff.id, request_id=request_id, sessions_ended=ended)


def _find(address: str) -> Staff | None:
    return Staff.by_email(address) if address else None


@atomic
def _count(address: str) -> bool:
    limits = settings()
    allowed = RateCount.allows(f"staff:{address}", limits.limit_staff_sign_ins, WINDOW)
    return allowed or limits.limits == "off"


@atomic
def _open(staff: Staff, address: str, password: str, browser: str, request_id: str) -> str:
    if passwords.is_outdated(staff.password_hash):
        staff.password_hash = passwords.hash_of(password)
    RateCount.clear(f"staff:{address}")
    return _session(staff.id, "password", browser, request_id)


def _session(staff_id: int, via: str, browser: str, request_id: str) -> str:
    secret = tokens.new_secret()
    StaffSession.open(staff_id, tokens.digest(secret), via=via, browser=browser)
    staff_event.record("staff_signed_in", staff_id, request_id=request_id, browser=browser, via=via)
    return secret

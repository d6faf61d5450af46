"""Staff sign-in: by password, or by a one-time link made on the command line."""

from __future__ import annotations

from datetime import timedelta

from portal import passwords, tokens
from portal.config import settings
from portal.db import atomic
from portal.errors import AddressError
from portal.models.address import normalise_email
from portal.models.rate_count import RateCount
from portal.models.staff import Staff
from portal.models.staff_link import StaffLink
from portal.models.staff_session import StaffSession

WINDOW = timedelta(minutes=15)


def sign_in_by_password(email: str, password: str, *, browser: str) -> str | None:
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
    return _open(staff, address, password, browser)


@atomic
def sign_in_by_staff_link(token: str, *, browser: str) -> str | None:
    """Use the one-time link up and return the secret of a new session, or None."""
    staff_id = StaffLink.redeem(token)
    if staff_id is None:
        return None
    secret = tokens.new_secret()
    StaffSession.open(staff_id, tokens.digest(secret), via="link", browser=browser)
    return secret


@atomic
def sign_out(digest: bytes) -> None:
    StaffSession.end(digest)


@atomic
def choose_password(staff: Staff, password: str, *, session_id: int) -> None:
    """Set a new password and end this person's other browsers. Raises PasswordError."""
    passwords.check(password, email=staff.email, name=staff.name)
    staff.password_hash = passwords.hash_of(password)
    StaffSession.end_others(staff.id, session_id)


def _find(address: str) -> Staff | None:
    return Staff.by_email(address) if address else None


@atomic
def _count(address: str) -> bool:
    limits = settings()
    allowed = RateCount.allows(f"staff:{address}", limits.limit_staff_sign_ins, WINDOW)
    return allowed or limits.limits == "off"


@atomic
def _open(staff: Staff, address: str, password: str, browser: str) -> str:
    secret = tokens.new_secret()
    if passwords.is_outdated(staff.password_hash):
        staff.password_hash = passwords.hash_of(password)
    RateCount.clear(f"staff:{address}")
    StaffSession.open(staff.id, tokens.digest(secret), via="password", browser=browser)
    return secret

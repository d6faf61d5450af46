"""What operators do on the command line: add staff, and make a sign-in link."""

from __future__ import annotations

from typing import Any

from portal.db import atomic, db
from portal.errors import PortalError
from portal.models import staff_event, staff_factors
from portal.models.account import Account
from portal.models.event import Event
from portal.models.staff import Staff
from portal.models.staff_link import StaffLink
from portal.models.staff_role import Role, StaffRole
from portal.models.staff_session import StaffSession


@atomic
def make_staff_link(email: str, *, skips_second: bool = False) -> str:
    """Return the token of a new one-time link. With *skips_second* it is enough by itself.

    Raises PortalError when nobody has *email*.
    """
    staff = _person(email)
    detail: dict[str, Any] = {"skips_second": True} if skips_second else {}
    staff_event.record("staff_link_made", staff.id, actor="operator", **detail)
    return StaffLink.issue(staff, skips_second=skips_second)


@atomic
def reset_second_factor(email: str) -> bool:
    """Take somebody's passkeys, one-time codes and recovery codes away, and sign them out
    everywhere; tell whether they had any. Raises PortalError when nobody has *email*."""
    staff = _person(email)
    if not staff_factors.remove_all(staff.id):
        return False
    Staff.note_reset(staff.id)
    ended = StaffSession.end_all(staff.id)
    staff_event.record("factor_reset", staff.id, actor="operator", sessions_ended=ended)
    return True


@atomic
def add_staff(email: str, slug: str, role: Role, name: str = "") -> Staff:
    """Give *email* the role in the account, in place of the one they had. Raises PortalError."""
    account, staff = _account(slug), Staff.find_or_add(email, name)
    seat = db.session.get(StaffRole, (staff.id, account.id))
    detail = {"who": staff.email, "role": str(role), "was": seat.role if seat else ""}
    if seat is None:
        db.session.add(StaffRole(staff_id=staff.id, account_id=account.id, role=role))
    else:
        seat.role = role
    kind = "role_changed" if detail["was"] else "staff_added"
    Event.record(kind, account_id=account.id, actor="operator", detail=detail)
    return staff


def _person(email: str) -> Staff:
    staff = Staff.by_email(email)
    if staff is None:
        raise PortalError(f"Nobody on the staff has the address {email}. Check the spelling.")
    return staff


def _account(slug: str) -> Account:
    account = Account.by_slug(slug)
    if account is None:
        raise PortalError(f"There is no account with the slug {slug}.")
    return account

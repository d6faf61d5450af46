"""The second factors of a team: an owner asks for them, and takes away what somebody has lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from portal.db import atomic, now
from portal.errors import TeamError
from portal.languages import _
from portal.models import account_choices, staff_factors
from portal.models.account import Account
from portal.models.event import Event
from portal.models.staff import Staff
from portal.models.staff_role import Role, StaffRole
from portal.models.staff_session import StaffSession

WAITS = (0, 7)
"""Days after which it may begin to hold, so that nobody is shut out in the middle of something."""


@atomic
def require(account: Account, *, days: int, by: Staff, request_id: str = "") -> datetime:
    """Ask everybody on the team for a second factor, *days* from now on; return from when.

    Raises TeamError for anybody but an owner who has one.
    """
    _must_be_owner(account, by)
    if days not in WAITS:
        raise TeamError(_("Choose from when on it holds."))
    if not staff_factors.has_any(by.id):
        raise TeamError(_("Set up a second factor of your own first, under “Your sign-in”."))
    since = now() + timedelta(days=days)
    _choose(account, since.isoformat())
    detail = {"asked_from": since.isoformat()}
    _record("factor_required", account, by, request_id, detail)
    return since


@atomic
def stop_requiring(account: Account, *, by: Staff, request_id: str = "") -> None:
    """Ask for none any more; who has one keeps it. Raises TeamError for anybody but an owner."""
    _must_be_owner(account, by)
    if _choose(account, None):
        _record("factor_optional", account, by, request_id, {})


@atomic
def reset_member(account: Account, staff_id: int, *, by: Staff, request_id: str = "") -> None:
    """Take a member's second factor away and sign them out everywhere, for when their phone is
    lost. They are told when they sign in next. Raises TeamError.

    Not an owner's, and not that of somebody who works for other accounts, too: what opens those is
    not this owner's to weaken.
    """
    held = _must_be_owner(account, by)
    role, person = held.get(staff_id, ""), Staff.find(staff_id)
    if not role or person is None or staff_id == by.id:
        raise TeamError(_("The team was changed meanwhile. Look again."))
    if role == Role.OWNER or len(StaffRole.seats(staff_id)) > 1:
        raise TeamError(
            _("Of an owner, or of who works elsewhere too, the server's operator does that.")
        )
    if staff_factors.remove_all(staff_id):
        Staff.note_reset(staff_id)
        ended = StaffSession.end_all(staff_id)
        detail = {"who": person.email, "role": role, "sessions_ended": ended}
        _record("member_factor_reset", account, by, request_id, detail)


def _must_be_owner(account: Account, by: Staff) -> dict[int, str]:
    """Read while the team is held: the role may have changed since the page was opened."""
    held = StaffRole.hold(account.id)
    if held.get(by.id) != Role.OWNER:
        raise TeamError(_("Only an owner can do this."))
    return held


def _choose(account: Account, since: str | None) -> bool:
    """Set it beside the other choices; tell whether that changed anything."""
    fresh = account_choices.locked(account.id)
    was = fresh.choices.get("second_factor_from")
    account_choices.choose(fresh, second_factor_from=since)
    return was != since


def _record(
    kind: str, account: Account, by: Staff, request_id: str, detail: dict[str, Any]
) -> None:
    Event.record(kind, account_id=account.id, by=by, request_id=request_id, detail=detail)

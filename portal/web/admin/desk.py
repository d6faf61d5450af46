"""The guard of the desk: who may be on an account's pages, and in which role."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from flask import Blueprint, Response, abort, flash, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.db import now
from portal.errors import PortalError
from portal.models import staff_factors
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.staff import Staff
from portal.models.staff_role import Role
from portal.web.languages import language
from portal.web.redirects import see_other
from portal.web.sessions import note_work

EVERYONE = frozenset(Role)


class DeskStaff(NamedTuple):
    """Who is at the desk, for the templates."""

    name: str
    email: str
    role: str


def desk(
    name: str, import_name: str, *, path: str = "", roles: Collection[Role] = EVERYONE
) -> Blueprint:
    """Return a blueprint under /admin/<slug> that only staff of that account in *roles* reach.

    To everyone else an account of others is exactly like one that does not exist.
    """
    bp = Blueprint(name, import_name, url_prefix=f"/admin/<slug>{path}")

    @bp.url_value_preprocessor
    def keep_slug(_endpoint: str | None, values: dict[str, str] | None) -> None:
        if values is not None:
            g.slug = values.pop("slug")

    @bp.before_request
    def guard() -> ResponseReturnValue | None:
        return _guard(roles)

    bp.after_request(note_work)
    bp.context_processor(_desk_context)
    bp.register_error_handler(PortalError, _refused)
    return bp


def at_desk() -> tuple[Account, Staff]:
    """Return the account of this page and the staff member who is at it."""
    return g.account, g.staff


def find_contact(contact_id: int) -> Contact:
    """Return the account's own contact. Another account's is as absent as none: 404."""
    contact = Contact.find(g.account, contact_id)
    if contact is None:
        abort(404)
    return contact


def go(url: str) -> Response:
    """Redirect with 303; a dialog is told to load the page instead."""
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": url})
    return see_other(url)


def _guard(roles: Collection[Role]) -> ResponseReturnValue | None:
    if not current_user.is_authenticated:
        return go(url_for("staff.sign_in"))
    at_work = current_user.at_work
    if at_work.account is None or at_work.role not in roles:
        abort(404)
    g.account, g.staff = at_work.account, at_work.staff
    language()  # from here on, errors are in it too
    return _lead_to_second_factor(at_work.account, at_work.staff)


def _lead_to_second_factor(account: Account, staff: Staff) -> ResponseReturnValue | None:
    """Shut whoever lacks a second factor out of an account that asks for one, and tell them
    before. Other accounts cost no query for it."""
    since = account.second_factor_from
    if since is None or staff_factors.has_any(staff.id):
        return None
    if since <= now():
        return go(url_for("own_sign_in.index"))
    g.second_factor_from = since
    return None


def _desk_context() -> dict[str, object]:
    if "account" not in g:
        return {}
    at_work = current_user.at_work
    return {
        "staff": DeskStaff(g.staff.name, g.staff.email, at_work.role),
        "second_factor_from": g.get("second_factor_from"),
        "public_portal_url": g.account.front().door,
    }


def _refused(error: PortalError) -> ResponseReturnValue:
    """A journey could not go on: say why where the person was."""
    flash(str(error), "bad")
    contact_id = (request.view_args or {}).get("contact_id")
    if contact_id:
        return go(url_for("contacts.show", contact_id=contact_id))
    return go(url_for("overview.page"))

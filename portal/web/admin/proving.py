"""Proving once more who is at the desk, before it changes how somebody signs in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import Blueprint, Response, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal import passkeys
from portal.flows.own_factors import confirm_by_code, confirm_by_password
from portal.languages import _
from portal.models import staff_factors
from portal.models.staff import Staff
from portal.web import sessions
from portal.web.forms_sign_in import ConfirmPasswordForm, SecondStepForm
from portal.web.limits import failed_redeems, has_failed, limiter, mark_failed
from portal.web.redirects import see_other

# No account has an address with an underscore, so this is in nobody's way.
bp = Blueprint("proving", __name__, url_prefix="/admin/_confirm")
bp.after_request(sessions.note_work)

_PLACES = {"recovery": "own_sign_in.recovery", "password": "staff.password"}
_MEMBER = re.compile(r"member/([a-z0-9-]{1,40})/(\d{1,18})")
"""A place to come back to is a name of ours, never an address."""


@bp.before_request
def guard() -> ResponseReturnValue | None:
    return None if current_user.is_authenticated else see_other(url_for("staff.sign_in"))


@bp.route("/", methods=["GET", "POST"])
@limiter.limit(failed_redeems, methods=["POST"], deduct_when=has_failed)
def page() -> ResponseReturnValue:
    person: Staff = current_user.staff
    factors, place = staff_factors.of_staff(person.id), place_of(request.values)
    if not person.password_hash and not factors.any:
        flash(
            _("Choose a password first: there is nothing yet that proves that it is you."), "note"
        )
        return see_other(url_for("staff.password"))
    by_password, by_code = ConfirmPasswordForm(), SecondStepForm()
    if request.method == "POST" and _is_proven(person, by_password, by_code):
        return see_other(back_to(place))
    return render_template(
        "admin/prove.html",
        by_password=by_password if person.password_hash else None,
        by_code=by_code if factors.codes else None,
        has_passkey=factors.passkey and passkeys.are_possible(),
        place=place,
    )


def proof_page(place: str = "") -> str:
    return url_for("proving.page", place=place or None)


def is_proven() -> bool:
    return bool(g.at_work.is_confirmed)


def ask_for_proof(place: str = "") -> Response:
    """Lead to the page that asks for it, and from there back to *place*."""
    flash(_("Confirm that it is you. Then press once more."), "note")
    return see_other(proof_page(place))


def place_of(values: Mapping[str, str]) -> str:
    place = values.get("place", "")
    return place if place in _PLACES or _MEMBER.fullmatch(place) else ""


def back_to(place: str) -> str:
    """Return the address of *place*, where somebody was when they were asked for proof."""
    if member := _MEMBER.fullmatch(place):
        return url_for("team.member", slug=member[1], staff_id=int(member[2]))
    return url_for(_PLACES.get(place, "own_sign_in.index"))


def _is_proven(person: Staff, by_password: ConfirmPasswordForm, by_code: SecondStepForm) -> bool:
    """Tell whether one of the two forms was right; what is wrong stands at its field."""
    session_id, form = g.at_work.session_id, by_code if "code" in request.form else by_password
    if not form.validate():
        return False
    if form is by_code:
        field, is_right = by_code.code, confirm_by_code(person, by_code.code.data or "", session_id)
    else:
        field = by_password.password
        is_right = confirm_by_password(person, by_password.password.data or "", session_id)
    if not is_right:
        mark_failed()
        field.errors = [
            _("That did not work. Check it, or wait a quarter of an hour after five tries.")
        ]
    return is_right

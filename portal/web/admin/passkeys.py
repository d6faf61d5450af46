"""What the script of a page asks when somebody uses or makes a passkey: answers are JSON."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, flash, g, jsonify, request, url_for
from flask_login import current_user

from portal import passkeys, tokens
from portal.errors import FactorError, PasskeyError
from portal.flows import own_factors, second_step
from portal.languages import _
from portal.models.staff import Staff
from portal.models.staff_recovery_code import StaffRecoveryCode
from portal.web import cookies
from portal.web.admin.entering import HALF_COOKIE, give, where
from portal.web.admin.proving import back_to, place_of, proof_page
from portal.web.forms import one_line
from portal.web.limits import failed_redeems, has_failed, limiter, mark_failed

# No account has an address with an underscore, so this is in nobody's way.
bp = Blueprint("passkeys", __name__, url_prefix="/admin/_passkeys")

COOKIE, COOKIE_LIFE = "staff_passkey", timedelta(hours=1)
"""Names the browser that a challenge was given to; one for all its tabs."""
ASKS = "300 per 5 minutes"
"""Of one network: the sign-in page asks once each time it is opened, and an office shares one."""
OF_STAFF = (own_factors.ADD, own_factors.CONFIRM)


@bp.post("/ask")
@limiter.limit(ASKS)
def ask() -> Response:
    """Answer with what the browser needs for a passkey, and give it a challenge."""
    purpose, secret = _purpose(), cookies.read(COOKIE) or tokens.new_secret()
    if refusal := _refusal(purpose):
        return refusal
    try:
        found = _ask(purpose, secret)
    except FactorError as error:
        return _told(422, error=str(error))
    if found is None:
        return _told(403, to=url_for("staff.sign_in"))
    response = jsonify(found)
    cookies.write(response, COOKIE, secret, COOKIE_LIFE)
    return response


@bp.post("/answer")
@limiter.limit(failed_redeems, deduct_when=has_failed)
def answer() -> Response:
    """Take what the browser made of it, and say where to go on."""
    purpose, text = _purpose(), request.form.get("credential", "")
    if refusal := _refusal(purpose):
        return refusal
    try:
        return _answer(purpose, text, cookies.read(COOKIE))
    except PasskeyError:
        mark_failed()
        words = _("That passkey did not work here. Try again, or sign in another way.")
        return _told(422, error=words)


def _ask(purpose: str, secret: str) -> dict[str, Any] | None:
    if purpose == own_factors.ADD:
        return own_factors.ask_for_new_passkey(_me(), secret)
    if purpose == own_factors.CONFIRM:
        return own_factors.ask_to_confirm(_me(), secret)
    if purpose == second_step.ALONE:
        return second_step.ask_passkey(secret)
    half = cookies.read(HALF_COOKIE)
    return second_step.ask_passkey(secret, half) if half else None


def _answer(purpose: str, text: str, secret: str) -> Response:
    if purpose == own_factors.ADD:
        return _added(text, secret)
    if purpose == own_factors.CONFIRM:
        here, request_id = g.at_work.session_id, g.request_id
        own_factors.confirm_by_passkey(_me(), text, secret, here, request_id=request_id)
        return _told(200, to=back_to(place_of(request.form)))
    half = cookies.read(HALF_COOKIE) if purpose == second_step.SECOND else ""
    if purpose == second_step.SECOND and not half:
        raise PasskeyError
    entry = second_step.by_passkey(text, secret, where(), half_secret=half)
    return give(_told(200, to=url_for("staff.sign_in")), entry)


def _added(text: str, secret: str) -> Response:
    person, name = _me(), one_line(request.form.get("name")) or _("Passkey")
    own_factors.add_passkey(person, text, secret, name=name, request_id=g.request_id)
    flash(_("The passkey is added. You can sign in with it alone."), "good")
    has_codes = StaffRecoveryCode.left(person.id) > 0
    return _told(200, to=url_for("own_sign_in.index" if has_codes else "own_sign_in.recovery"))


def _refusal(purpose: str) -> Response | None:
    if not passkeys.are_possible():
        words = _("Passkeys need a name in the portal's address, such as localhost.")
        return _told(422, error=words)
    if purpose not in OF_STAFF:
        return None
    if not current_user.is_authenticated:
        return _told(403, to=url_for("staff.sign_in"))
    if purpose == own_factors.ADD and not g.at_work.is_confirmed:
        return _told(403, to=proof_page())
    return None


def _purpose() -> str:
    purpose = request.form.get("purpose", "")
    if purpose not in (*OF_STAFF, second_step.ALONE, second_step.SECOND):
        abort(404)
    return purpose


def _told(status: int, **words: str) -> Response:
    response = jsonify(words)
    response.status_code = status
    return response


def _me() -> Staff:
    person: Staff = current_user.staff
    return person

"""Your sign-in: the password, passkeys, one-time codes and recovery codes of who looks."""

from __future__ import annotations

from base64 import b64encode

from flask import Blueprint, abort, flash, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal import passkeys, totp
from portal.config import settings
from portal.errors import FactorError
from portal.flows import own_factors
from portal.languages import _
from portal.models import staff_factors
from portal.models.staff import Staff
from portal.models.staff_passkey import LONGEST_NAME, StaffPasskey
from portal.models.staff_recovery_code import StaffRecoveryCode
from portal.models.staff_totp import StaffTotp
from portal.web import sessions
from portal.web.admin.magic_links import qr_code
from portal.web.admin.proving import ask_for_proof, is_proven
from portal.web.forms_sign_in import AppCodeForm, PasskeyNameForm
from portal.web.limits import failed_redeems, has_failed, limiter, mark_failed
from portal.web.redirects import see_other

# No account has an address with an underscore, so this is in nobody's way.
bp = Blueprint("own_sign_in", __name__, url_prefix="/admin/_sign-in")
bp.after_request(sessions.note_work)


@bp.before_request
def guard() -> ResponseReturnValue | None:
    return None if current_user.is_authenticated else see_other(url_for("staff.sign_in"))


@bp.get("/")
def index() -> ResponseReturnValue:
    person = _me()
    factors = staff_factors.of_staff(person.id)
    return render_template(
        "admin/own_sign_in.html",
        staff=person,
        factors=factors,
        passkeys=StaffPasskey.of_staff(person.id),
        can_add=passkeys.are_possible(),
        codes_left=StaffRecoveryCode.left(person.id),
        asking=[] if factors.any else staff_factors.asking(person.id),
        is_proven=is_proven(),
        this_browser=sessions.browser_family()[:LONGEST_NAME],
    )


@bp.post("/passkeys/<int:passkey_id>/name")
def rename(passkey_id: int) -> ResponseReturnValue:
    form = PasskeyNameForm()
    if not form.validate():
        flash(_("A passkey needs a name of at most 60 characters."), "bad")
        return see_other(url_for(".index"))
    name = form.name.data or ""
    if not own_factors.rename_passkey(_me(), passkey_id, name, request_id=g.request_id):
        abort(404)
    flash(_("The passkey is called %(name)s now.", name=name), "good")
    return see_other(url_for(".index"))


@bp.post("/passkeys/<int:passkey_id>/remove")
def remove(passkey_id: int) -> ResponseReturnValue:
    if not is_proven():
        return ask_for_proof()
    if not own_factors.remove_passkey(
        _me(), passkey_id, session_id=g.at_work.session_id, request_id=g.request_id
    ):
        abort(404)
    flash(_("The passkey opens nothing any more. Your other browsers were signed out."), "good")
    return see_other(url_for(".index"))


@bp.post("/codes/begin")
def begin_codes() -> ResponseReturnValue:
    if not is_proven():
        return ask_for_proof()
    own_factors.begin_codes(_me())
    return see_other(url_for(".codes"))


@bp.route("/codes", methods=["GET", "POST"])
@limiter.limit(failed_redeems, methods=["POST"], deduct_when=has_failed)
def codes() -> ResponseReturnValue:
    """Show the secret that waits, until a code of it was typed."""
    if not is_proven():
        return ask_for_proof()
    person, form = _me(), AppCodeForm()
    secret = StaffTotp.pending_of(person.id)
    if secret is None:
        return see_other(url_for(".index"))
    if form.validate_on_submit():
        if _switch_on(person, form.code.data or ""):
            has_codes = StaffRecoveryCode.left(person.id) > 0
            return see_other(url_for(".index" if has_codes else ".recovery"))
        mark_failed()
        form.code.errors = [
            _("That is not the code of now. Check that the clock of your phone is right.")
        ]
    address = totp.address(secret, issuer=settings().hostname, person=person.email)
    return render_template(
        "admin/one_time_codes.html",
        form=form,
        secret=totp.in_text(secret),
        qr=qr_code(address),
        address=address,
    )


@bp.post("/codes/stop")
def stop_codes() -> ResponseReturnValue:
    if not is_proven():
        return ask_for_proof()
    own_factors.stop_codes(_me(), session_id=g.at_work.session_id, request_id=g.request_id)
    flash(_("One-time codes are off. Your other browsers were signed out."), "good")
    return see_other(url_for(".index"))


@bp.get("/recovery")
def recovery() -> ResponseReturnValue:
    return _recovery_page([])


@bp.post("/recovery")
def make_recovery_codes() -> ResponseReturnValue:
    """Show new codes, once: in the answer to the press that made them."""
    if not is_proven():
        return ask_for_proof("recovery")
    try:
        codes = own_factors.new_recovery_codes(_me(), request_id=g.request_id)
    except FactorError as error:
        flash(str(error), "bad")
        return see_other(url_for(".index"))
    return _recovery_page(codes)


def _switch_on(person: Staff, typed: str) -> bool:
    """Tell whether *typed* put the app's secret in force; the next page says what that did."""
    is_another_app, here = staff_factors.of_staff(person.id).codes, g.at_work.session_id
    if not own_factors.confirm_codes(person, typed, session_id=here, request_id=g.request_id):
        return False
    flash(_("One-time codes are on. You are asked for one when you sign in."), "good")
    if is_another_app:
        flash(_("All other browsers are signed out."), "good")
    return True


def _recovery_page(codes: list[str]) -> str:
    text = "\n".join([settings().hostname, *codes, ""])
    return render_template(
        "admin/recovery_codes.html",
        codes=codes,
        as_file="data:text/plain;base64," + b64encode(text.encode()).decode(),
        left=StaffRecoveryCode.left(_me().id),
        has_factor=staff_factors.has_any(_me().id),
    )


def _me() -> Staff:
    person: Staff = current_user.staff
    return person

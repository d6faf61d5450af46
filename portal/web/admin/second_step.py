"""The page between the password and the desk, for staff who have a second factor."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal import passkeys
from portal.flows.second_step import by_code
from portal.languages import _
from portal.models import staff_factors
from portal.models.staff_half_sign_in import StaffHalfSignIn
from portal.web import cookies
from portal.web.admin.entering import HALF_COOKIE, go_on, where
from portal.web.forms_sign_in import SecondStepForm
from portal.web.limits import failed_redeems, has_failed, limiter, mark_failed
from portal.web.redirects import see_other

# No account has an address with an underscore, so this is in nobody's way.
bp = Blueprint("second_step", __name__, url_prefix="/admin/_second")


@bp.route("/", methods=["GET", "POST"])
@limiter.limit(failed_redeems, methods=["POST"], deduct_when=has_failed)
def page() -> ResponseReturnValue:
    secret = cookies.read(HALF_COOKIE)
    half = StaffHalfSignIn.look(secret) if secret else None
    if half is None:
        if not current_user.is_authenticated and secret:
            flash(_("That took more than five minutes. Please sign in again."), "note")
        return see_other(url_for("staff.sign_in"))
    form = SecondStepForm()
    if form.validate_on_submit():
        entry = by_code(secret, form.code.data or "", where())
        if entry:
            return go_on(entry)
        mark_failed()
        form.code.errors = [
            _("That did not work. Check the code, or wait a quarter of an hour after five tries.")
        ]
    return render_template(
        "admin/second_step.html",
        form=form,
        half=half,
        factors=staff_factors.of_staff(half.staff_id),
        has_passkeys=passkeys.are_possible(),
    )

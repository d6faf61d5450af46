"""The staff's own door: sign in, choose an account, set a password, sign out."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, flash, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal import passkeys, passwords
from portal.db import now
from portal.flows.own_factors import confirm_by_password
from portal.flows.staff_sign_in import (
    choose_password,
    sign_in_by_password,
    sign_in_by_staff_link,
    sign_out,
)
from portal.languages import _
from portal.models import staff_factors
from portal.models.staff_link import StaffLink
from portal.models.staff_role import StaffRole
from portal.web import cookies, sessions
from portal.web.admin.entering import go_on
from portal.web.admin.proving import ask_for_proof, is_proven
from portal.web.forms import PasswordForm, PressForm, StaffSignInForm
from portal.web.limits import failed_redeems, has_failed, limiter, mark_failed
from portal.web.redirects import see_other

bp = Blueprint("staff", __name__, url_prefix="/admin")
bp.after_request(sessions.note_work)

LINK_COOKIE = "staff_link"
LINK_LIFE = timedelta(minutes=30)


@bp.route("/", methods=["GET", "POST"], endpoint="sign_in")
@limiter.limit(failed_redeems, methods=["POST"], deduct_when=has_failed)
def sign_in_page() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return _to_desk(current_user.staff.id)
    form = StaffSignInForm()
    if form.validate_on_submit():
        entry = sign_in_by_password(
            form.email.data,
            form.password.data,
            browser=sessions.browser_family(),
            request_id=g.request_id,
        )
        if entry:
            return go_on(entry)
        mark_failed()
        form.form_errors.append(
            _("That did not work. Check both, or wait a quarter of an hour after many tries.")
        )
    return render_template("admin/sign_in.html", form=form, has_passkeys=passkeys.are_possible())


@bp.get("/in/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """Take the secret out of the address bar; the clean page has the button."""
    response = see_other(url_for(".link_page"))
    cookies.write(response, LINK_COOKIE, token[:64], LINK_LIFE)
    return response


@bp.route("/link", methods=["GET", "POST"])
@limiter.limit(failed_redeems, methods=["POST"], deduct_when=has_failed)
def link_page() -> ResponseReturnValue:
    form, token = PressForm(), cookies.read(LINK_COOKIE)
    if form.validate_on_submit():
        entry = sign_in_by_staff_link(
            token, browser=sessions.browser_family(), request_id=g.request_id
        )
        if entry:
            response = go_on(entry)
            cookies.remove(response, LINK_COOKIE)
            return response
        mark_failed()
    look = StaffLink.look(token) if token else None
    state = look.state(now()) if look else "unknown"
    page = render_template(
        "admin/staff_link.html", state=state, staff_name=look.name if look else "", form=form
    )
    return page, 200 if state == "ready" else 410


@bp.get("/accounts")
def accounts() -> ResponseReturnValue:
    if not current_user.is_authenticated:
        return see_other(url_for(".sign_in"))
    seats = StaffRole.seats(current_user.staff.id)
    return render_template("admin/accounts.html", accounts=seats, staff=current_user.staff)


@bp.route("/password", methods=["GET", "POST"])
@limiter.limit(failed_redeems, methods=["POST"], deduct_when=has_failed)
def password() -> ResponseReturnValue:
    if not current_user.is_authenticated:
        return see_other(url_for(".sign_in"))
    person, form = current_user.staff, PasswordForm()
    has_password = bool(person.password_hash)
    if not has_password and staff_factors.has_any(person.id) and not is_proven():
        return ask_for_proof("password")  # a first password proves as much as the second factor
    if not has_password:
        del form.current
    if form.validate_on_submit() and _change_password(form, has_password=has_password):
        flash(_("Your new password is set. Your other browsers were signed out."), "good")
        return see_other(url_for(".accounts"))
    return render_template(
        "admin/password.html", form=form, has_password=has_password, staff=person
    )


@bp.post("/sign-out", endpoint="sign_out")
def leave() -> ResponseReturnValue:
    digest = cookies.digest_of(sessions.STAFF_COOKIE)
    if digest:
        sign_out(digest, request_id=g.request_id)
    response = see_other(url_for(".sign_in"))
    cookies.remove(response, sessions.STAFF_COOKIE)
    return response


def _change_password(form: PasswordForm, *, has_password: bool) -> bool:
    """Tell whether the password was set; what was wrong stands at its field."""
    person = current_user.staff
    session_id = g.at_work.session_id
    if has_password and not confirm_by_password(person, form.current.data, session_id):
        mark_failed()
        form.current.errors = [
            _("That did not work. Check it, or wait a quarter of an hour after five tries.")
        ]
        return False
    try:
        choose_password(
            person,
            form.password.data,
            session_id=session_id,
            request_id=g.request_id,
        )
    except passwords.PasswordError as error:
        form.password.errors = [str(error)]
        return False
    return True


def _to_desk(staff_id: int) -> Response:
    seats = StaffRole.seats(staff_id)
    where = (
        url_for("overview.page", slug=seats[0].slug) if len(seats) == 1 else url_for(".accounts")
    )
    return see_other(where)

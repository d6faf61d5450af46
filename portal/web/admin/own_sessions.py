"""Where you are signed in: the browsers of the staff member who looks, ended one by one or all."""

from __future__ import annotations

from flask import Blueprint, abort, flash, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.flows.staff_sign_in import sign_out_browser, sign_out_others
from portal.languages import _
from portal.models.staff_session import StaffSession
from portal.web import sessions
from portal.web.redirects import see_other

# No account has an address with an underscore, so this is in nobody's way.
bp = Blueprint("own_sessions", __name__, url_prefix="/admin/_sessions")
bp.after_request(sessions.note_work)


@bp.before_request
def guard() -> ResponseReturnValue | None:
    return None if current_user.is_authenticated else see_other(url_for("staff.sign_in"))


@bp.get("/")
def index() -> ResponseReturnValue:
    person = current_user.staff
    return render_template(
        "admin/own_sessions.html",
        browsers=StaffSession.of_staff(person.id),
        here=g.at_work.session_id,
        staff=person,
    )


@bp.post("/<int:desk_id>/end")
def end(desk_id: int) -> ResponseReturnValue:
    if desk_id == g.at_work.session_id:
        return see_other(url_for(".index"))  # this one is left by signing out
    if not sign_out_browser(current_user.staff, desk_id, request_id=g.request_id):
        abort(404)
    flash(_("That browser is signed out."), "good")
    return see_other(url_for(".index"))


@bp.post("/end-others")
def end_others() -> ResponseReturnValue:
    here = g.at_work.session_id
    ended = sign_out_others(current_user.staff, here, request_id=g.request_id)
    words = _("All other browsers are signed out.") if ended else _("There was no other browser.")
    flash(words, "good")
    return see_other(url_for(".index"))

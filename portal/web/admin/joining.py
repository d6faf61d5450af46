"""Join a team: the page that an invitation's link opens."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.errors import TeamError
from portal.flows.team import join
from portal.languages import _
from portal.models.staff import Staff
from portal.models.staff_invitation import StaffInvitation
from portal.web import cookies, sessions
from portal.web.forms import PressForm
from portal.web.limits import failed_redeems, has_failed, limiter, mark_failed
from portal.web.redirects import see_other

# No account has an address with an underscore, so the link is in nobody's way.
bp = Blueprint("joining", __name__, url_prefix="/admin/_join")

COOKIE, COOKIE_LIFE = "staff_invite", timedelta(minutes=30)


@bp.get("/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """Take the secret out of the address bar; the clean page has the button."""
    response = see_other(url_for(".page"))
    cookies.write(response, COOKIE, token[:64], COOKIE_LIFE)
    return response


@bp.route("/", methods=["GET", "POST"])
@limiter.limit(failed_redeems, methods=["POST"], deduct_when=has_failed)
def page() -> ResponseReturnValue:
    form, token, problem = PressForm(), cookies.read(COOKIE), ""
    if token and form.validate_on_submit():
        try:
            joined = join(
                token,
                signed_in=_me(),
                browser=sessions.browser_family(),
                request_id=g.request_id,
            )
        except TeamError as error:
            joined, problem = None, str(error)
        if joined:
            team, secret = joined
            words = _("You are on the team of %(account)s now.", account=team.account_name)
            flash(words, "good")
            to = url_for("staff.password") if secret else url_for("staff.accounts")
            if team.asks_second and secret:
                to = url_for("own_sign_in.index")
            response = see_other(to)
            cookies.remove(response, COOKIE)
            return sessions.give_staff(response, secret) if secret else response
        mark_failed()
    look = StaffInvitation.look(token) if token else None
    words = render_template("admin/join.html", look=look, form=form, problem=problem)
    return words, 200 if look else 410


def _me() -> Staff | None:
    return current_user.staff if current_user.is_authenticated else None

"""View as client: asks for a reason, opens the portal as that client sees it, and ends it."""

from __future__ import annotations

from flask import flash, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from portal.flows.view_as_client import end_view, view_as_client
from portal.languages import _, mark
from portal.web import cookies
from portal.web.admin.desk import at_desk, desk, find_contact, go
from portal.web.forms import OwnForm, one_line
from portal.web.viewing import COOKIE_LIFE, VIEW_COOKIE

bp = desk("client_views", __name__, path="/client-views")


class ReasonForm(OwnForm):
    """Why somebody wants to see the portal as the client does."""

    reason = StringField(
        mark("Reason"),
        filters=[one_line],
        validators=[
            DataRequired(mark("Say why: the client reads it.")),
            Length(max=200, message=mark("Say it in at most 200 characters.")),
        ],
    )


@bp.route("/<int:contact_id>/new", methods=["GET", "POST"])
def new(contact_id: int) -> ResponseReturnValue:
    contact, (account, staff) = find_contact(contact_id), at_desk()
    form = ReasonForm()
    if not form.validate_on_submit():
        page = render_template("admin/client_view.html", form=form, contact=contact)
        return page, 422 if form.is_submitted() else 200
    secret = view_as_client(
        contact,
        by=staff,
        session_id=current_user.at_work.session_id,
        reason=form.reason.data or "",
        request_id=g.request_id,
    )
    response = go(url_for("portal.front", slug=account.slug))
    cookies.write(response, VIEW_COOKIE, secret, COOKIE_LIFE)
    return response


@bp.post("/end")
def end() -> ResponseReturnValue:
    account, _staff = at_desk()
    contact_id = end_view(account, current_user.at_work.session_id)
    flash(_("You no longer see the portal as a client."), "good")
    to = (
        url_for("contacts.show", contact_id=contact_id) if contact_id else url_for("contacts.index")
    )
    response = go(to)
    cookies.remove(response, VIEW_COOKIE)
    return response

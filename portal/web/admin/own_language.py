"""The language of the desk: chosen by whoever is at it, for themselves."""

from __future__ import annotations

from flask import Blueprint, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import HiddenField, SelectField
from wtforms.fields.choices import SelectChoice

from portal.flows.own_language import choose_language
from portal.languages import LANGUAGES, _, mark
from portal.models.staff_role import StaffRole
from portal.web import sessions
from portal.web.forms import OwnForm
from portal.web.redirects import see_other

# No account has an address with an underscore, so this is in nobody's way.
bp = Blueprint("own_language", __name__, url_prefix="/admin/_language")
bp.after_request(sessions.note_work)


class LanguageForm(OwnForm):
    """One of the languages by its own name, or what the browser asks for."""

    language = SelectField(
        mark("Language"),
        choices=[
            SelectChoice("", mark("As the browser asks")),
            *(SelectChoice(code, name) for code, name in LANGUAGES.items()),
        ],
    )
    back = HiddenField()


@bp.before_request
def guard() -> ResponseReturnValue | None:
    return None if current_user.is_authenticated else see_other(url_for("staff.sign_in"))


@bp.route("/", methods=["GET", "POST"])
def choose() -> ResponseReturnValue:
    person, form = current_user.staff, LanguageForm()
    if form.validate_on_submit():
        choose_language(person, form.language.data)
        g.pop("language", None)  # what follows is said in the new one
        flash(_("Your desk is in this language now."), "good")
        return see_other(_desk_at(form.back.data or ""))
    if request.method != "POST":
        form.language.data, form.back.data = person.locale, request.args.get("back", "")
    page = render_template("admin/own_language.html", form=form, back_url=_desk_at(form.back.data))
    return page, 200 if request.method != "POST" else 422


def _desk_at(slug: str) -> str:
    """Return the address of the desk that they came from, if it is one of theirs."""
    if slug in {seat.slug for seat in StaffRole.seats(current_user.staff.id)}:
        return url_for("overview.page", slug=slug)
    return url_for("staff.accounts")

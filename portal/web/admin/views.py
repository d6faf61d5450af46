"""Saved views of the contacts: save, rename, delete. To open one is a link to the list."""

from __future__ import annotations

from flask import abort, flash, render_template, url_for
from flask.typing import ResponseReturnValue

from portal.errors import TakenError
from portal.flows.saved_views import delete_view, rename_view, save_view
from portal.languages import _
from portal.models.saved_view import SavedView
from portal.web.admin import contact_filters
from portal.web.admin.desk import at_desk, desk, go
from portal.web.forms import ViewForm

bp = desk("views", __name__, path="/contacts/views")


@bp.post("/")
def save() -> ResponseReturnValue:
    account, _staff = at_desk()
    form, asked = ViewForm(), contact_filters.asked()
    if not form.validate():
        flash(" ".join(_(words) for found in form.errors.values() for words in found), "bad")
        return _list(asked)
    try:
        view = save_view(account, form.name.data or "", asked)
    except TakenError as error:
        flash(str(error), "bad")
    else:
        words = _(
            "The view “%(view)s” was saved for everyone of %(account)s.",
            view=view.name,
            account=account.name,
        )
        flash(words, "good")
    return _list(asked)


@bp.route("/<int:view_id>", methods=["GET", "POST"])
def edit(view_id: int) -> ResponseReturnValue:
    view = _find(view_id)
    form = ViewForm(obj=view)
    if form.validate_on_submit():
        try:
            rename_view(view, form.name.data or "")
        except TakenError as error:
            form.name.errors = [str(error)]
        else:
            return _list(view.asked)
    page = render_template("admin/view.html", form=form, view=view)
    return page, 422 if form.errors or form.is_submitted() else 200


@bp.post("/<int:view_id>/delete")
def delete(view_id: int) -> ResponseReturnValue:
    view = _find(view_id)
    delete_view(view)
    flash(_("The view “%(view)s” was deleted. Its contacts stay.", view=view.name), "good")
    return _list({})


def _find(view_id: int) -> SavedView:
    account, _staff = at_desk()
    view = SavedView.find(account.id, view_id)
    if view is None:
        abort(404)
    return view


def _list(asked: dict[str, str]) -> ResponseReturnValue:
    return go(url_for("contacts.index", **contact_filters.as_query(asked)))

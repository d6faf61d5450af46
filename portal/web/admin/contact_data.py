"""What the law asks for: everything held on one contact as a file, and deletion for good."""

from __future__ import annotations

from flask import Response, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.flows.delete_contact import delete_contact, note_personal_export
from portal.languages import _
from portal.models.staff_role import Role
from portal.web.admin import person_file
from portal.web.admin.desk import at_desk, desk, find_contact, go

bp = desk("contact_data", __name__, path="/contacts", roles=(Role.OWNER, Role.ADMIN))


@bp.route("/<int:contact_id>/delete", methods=["GET", "POST"])
def delete(contact_id: int) -> ResponseReturnValue:
    (account, staff), contact = at_desk(), find_contact(contact_id)
    if request.method != "POST":
        return render_template("admin/confirm_delete.html", contact=contact)
    delete_contact(
        account,
        contact.id,
        known_as=request.form.get("known_as", ""),
        by=staff,
        request_id=g.request_id,
    )
    words = _("The contact was deleted. What happened stays in the history, without a name.")
    flash(words, "good")
    return go(url_for("contacts.index"))


@bp.post("/<int:contact_id>/personal-data")
def export(contact_id: int) -> ResponseReturnValue:
    (account, staff), contact = at_desk(), find_contact(contact_id)
    note_personal_export(account, contact.id, by=staff, request_id=g.request_id)
    answer = Response(person_file.written(contact), mimetype="application/zip")
    name = f"personal-data-{contact.id}.zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer

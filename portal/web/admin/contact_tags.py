"""Tags of one contact, put on and taken off on the contact's page."""

from __future__ import annotations

from flask import abort, flash, g, request, url_for
from flask.typing import ResponseReturnValue

from portal.flows.tag_contacts import tag_contacts, untag_contacts
from portal.languages import _
from portal.models.tag import LONGEST, Tag
from portal.web.admin.desk import at_desk, desk, find_contact, go
from portal.web.forms import one_line

bp = desk("contact_tags", __name__, path="/contacts/<int:contact_id>/tags")


@bp.post("/")
def add(contact_id: int) -> ResponseReturnValue:
    contact, (account, staff) = find_contact(contact_id), at_desk()
    name = one_line(request.form.get("tag"))[:LONGEST]
    if not tag_contacts(account, name, [contact.id], by=staff, request_id=g.request_id):
        words = _("%(who)s has the tag “%(tag)s” already.", who=contact.called, tag=name)
        flash(words, "note")
    return go(url_for("contacts.show", contact_id=contact.id))


@bp.post("/<int:tag_id>/remove")
def remove(contact_id: int, tag_id: int) -> ResponseReturnValue:
    contact, (account, staff) = find_contact(contact_id), at_desk()
    tag = Tag.find(account.id, tag_id)
    if tag is None:
        abort(404)
    untag_contacts(account, tag, [contact.id], by=staff, request_id=g.request_id)
    return go(url_for("contacts.show", contact_id=contact.id))

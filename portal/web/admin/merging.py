"""Merge: two contacts side by side, what stays of each, and then they are one."""

from __future__ import annotations

from typing import NamedTuple

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.flows.merge_contacts import FIELDS, merge_contacts
from portal.languages import _, mark
from portal.models.contact import Contact
from portal.models.contact_merge import status_of
from portal.models.portal_access import PortalAccess
from portal.web.admin.change_words import name_of
from portal.web.admin.desk import at_desk, desk, find_contact, go
from portal.web.admin.picking import Pick, pick
from portal.web.forms import WhoForm, whole_number

bp = desk("merging", __name__, path="/contacts")


class Field(NamedTuple):
    """One thing that both say, and whose word is ticked at first."""

    name: str
    label: str
    kept: str
    gone: str
    takes_gone: bool


@bp.get("/<int:contact_id>/merge")
def choose(contact_id: int) -> ResponseReturnValue:
    """Ask with whom, and then what stays. Nothing has happened yet."""
    account, _staff = at_desk()
    contact = find_contact(contact_id)
    form = WhoForm(request.args, meta={"csrf": False})
    if not {"who", "contact_id"} & set(request.args):
        return render_template("admin/merge.html", contact=contact, form=form, choices=[])
    found = pick(account, form) if form.validate() else None
    if found and found.contact and found.contact.id != contact.id:
        return _side_by_side(contact, found.contact)
    if found and (found.contact or found.email):
        form.who.errors = [_no_match(found)]
    choices = [one for one in found.choices if one.id != contact.id] if found else []
    page = render_template("admin/merge.html", contact=contact, form=form, choices=choices)
    return page, 422


@bp.post("/<int:contact_id>/merge")
def merge(contact_id: int) -> ResponseReturnValue:
    (account, staff), kept = at_desk(), find_contact(contact_id)
    gone = find_contact(whole_number(request.form.get("other")) or 0)
    if gone.id == kept.id:
        return go(url_for(".choose", contact_id=kept.id))
    contact = merge_contacts(
        account,
        kept.id,
        gone.id,
        known_as={
            kept.id: request.form.get("kept_as", ""),
            gone.id: request.form.get("gone_as", ""),
        },
        taken=[name for name in FIELDS if request.form.get(name) == "gone"],
        by=staff,
        request_id=g.request_id,
    )
    flash(_("Both are one contact now: %(who)s.", who=contact.called), "good")
    return go(url_for("contacts.show", contact_id=contact.id))


def _no_match(found: Pick) -> str:
    if found.contact:
        return _("Nobody can be merged with themselves. Type another name or address.")
    return _("Nobody can be merged with somebody who is no contact. Type another name or address.")


def _side_by_side(kept: Contact, gone: Contact) -> ResponseReturnValue:
    accesses = PortalAccess.of(kept.id), PortalAccess.of(gone.id)
    return render_template(
        "admin/merge_choices.html",
        contact=kept,
        other=gone,
        fields=[_field(name, kept, gone) for name in FIELDS],
        accesses=accesses,
        status=status_of(*accesses),
        has_access=any(accesses),
    )


def _field(name: str, kept: Contact, gone: Contact) -> Field:
    mine, theirs = str(getattr(kept, name)), str(getattr(gone, name))
    label = mark("Reference") if name == "external_id" else name_of(name)
    return Field(name, label, mine, theirs, not mine and bool(theirs))

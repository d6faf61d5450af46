"""The end of one contact's access: a date and time, or one of a few that are often meant."""

from __future__ import annotations

from datetime import datetime

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.flows.end_access import end_access
from portal.languages import _
from portal.models.account import Account
from portal.models.contact import Contact
from portal.models.portal_access import OPEN, PortalAccess
from portal.web.admin.desk import at_desk, desk, find_contact, go
from portal.web.admin.end_times import PRESETS, ends, preset, typed_of
from portal.web.forms import AccessEndForm
from portal.web.templating import when

bp = desk("access_ends", __name__, path="/contacts/<int:contact_id>/access-end")


@bp.route("/", methods=["GET", "POST"])
def page(contact_id: int) -> ResponseReturnValue:
    contact, (account, staff) = find_contact(contact_id), at_desk()
    access = PortalAccess.of(contact.id)
    form = AccessEndForm()
    if request.method != "POST":
        ends_at = access.ends_at if access and not access.is_over else None
        form.ends_at.data = typed_of(ends_at, account.time_zone)
    elif access is not None and access.status in OPEN:
        ends_at, is_time = chosen(form, account)
        if is_time:
            end_access(account, [contact.id], ends_at, by=staff, request_id=g.request_id)
            _tell(contact, ends_at, was_over=access.is_over)
            return go(url_for("contacts.show", contact_id=contact.id))
    shown = render_template(
        "admin/access_end.html", contact=contact, access=access, form=form, presets=PRESETS
    )
    return shown, 422 if request.method == "POST" else 200


def chosen(form: AccessEndForm, account: Account) -> tuple[datetime | None, bool]:
    """Return (when it ends, whether that can be); what is wrong stands at the field.

    A button names a time that is often meant; without one the field does.
    """
    name = request.form.get("preset", "")
    if name in PRESETS:
        return preset(name, account.time_zone), True
    return ends(form.ends_at, account)


def _tell(contact: Contact, ends_at: datetime | None, *, was_over: bool) -> None:
    words = _("The access of %(who)s has no end now.", who=contact.called)
    if ends_at is not None:
        at = when(ends_at)
        words = _("The access of %(who)s ends on %(time)s.", who=contact.called, time=at)
    if was_over:
        words += " " + _("Send them a new message to sign in with.")
    flash(words, "good")

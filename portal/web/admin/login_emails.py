"""Send Login Email: to one or many contacts."""

from __future__ import annotations

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.flows.login_email import send_login_emails
from portal.languages import _, _n
from portal.models.contact import Contact
from portal.models.contact_list import suggest
from portal.models.contact_walk import ContactLine
from portal.models.portal_access import OPEN, Access, PortalAccess
from portal.web.admin import undo
from portal.web.admin.desk import at_desk, desk, go
from portal.web.admin.local_time import later
from portal.web.forms import LoginEmailForm, whole_number

bp = desk("login_emails", __name__, path="/login-emails")

AT_MOST = 200


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    account, staff = at_desk()
    form, chosen = LoginEmailForm(), _chosen()
    if request.method != "POST" or not form.validate():
        return _page(form, chosen)
    if "search" in request.form or (form.q.data and not chosen):
        return _page(form, chosen, found=_others(form.q.data or "", chosen))
    refused = [(contact, why) for contact in chosen if (why := _why_not(contact))]
    if not chosen:
        form.q.errors = [_("Choose at least one contact.")]
    if refused or not chosen:
        return _page(form, chosen, refused=refused)
    send_at, is_time = later(form.send_at, account)
    if not is_time:
        return _page(form, chosen)
    count = send_login_emails(account, chosen, by=staff, send_at=send_at, request_id=g.request_id)
    words = (
        _("Login e-mail to %(address)s is on its way.", address=chosen[0].email)
        if count == 1
        else _n(
            "%(count)s login e-mail is on the way.",
            "%(count)s login e-mails are on the way.",
            count,
        )
    )
    undo.tell(words, [contact.id for contact in chosen])
    return go(url_for("overview.page"))


def _chosen() -> list[Contact]:
    account, _staff = at_desk()
    ids = [whole_number(value) for value in request.values.getlist("contact_ids")[:AT_MOST]]
    return Contact.find_all(account, [found for found in ids if found is not None])


def _others(q: str, chosen: list[Contact]) -> list[ContactLine]:
    account, _staff = at_desk()
    already = {contact.id for contact in chosen}
    return [line for line in suggest(account, q) if line.id not in already]


def _why_not(contact: Contact) -> str:
    access = PortalAccess.of(contact.id)
    if access is None or access.is_open:
        return ""
    if access.status in OPEN:
        return _("Their access has ended. Extend it first, or take them off the list.")
    if access.status == Access.SUSPENDED:
        return _("Access is suspended. Restore it first, or take them off the list.")
    return _("Access is revoked. Restore it first, or take them off the list.")


def _page(form: LoginEmailForm, chosen: list[Contact], **found: object) -> ResponseReturnValue:
    context = {"found": [], "refused": [], **found}
    page = render_template("admin/login_email.html", form=form, chosen=chosen, **context)
    is_asking = request.method != "POST" or "search" in request.form
    return page, 200 if is_asking else 422

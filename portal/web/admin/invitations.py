"""Invite to Client Portal: the dialog and the page."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.flows.invite import invite
from portal.languages import _
from portal.models.contact import Contact
from portal.models.portal_access import OPEN, Access, PortalAccess
from portal.web.admin import undo
from portal.web.admin.desk import at_desk, desk, go
from portal.web.admin.end_times import ends
from portal.web.admin.local_time import later
from portal.web.admin.picking import Pick, pick, typo
from portal.web.forms import InviteForm, whole_number

bp = desk("invitations", __name__, path="/invitations")


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    account, staff = at_desk()
    form = InviteForm()
    if request.method != "POST":
        return _page(
            form, known=Contact.find(account, whole_number(request.args.get("contact_id")) or 0)
        )
    if not form.validate():
        return _page(form)
    _answer_to_typo(form)
    found = pick(account, form)
    if found.contact is None and not found.email:
        return _page(form, choices=found.choices)
    slip = typo(found.email, form) if found.email else None
    if slip:
        return _page(form, typo=slip)
    stopped = _stopped(found)
    if stopped:
        return _page(form, **stopped)
    send_at, is_time = later(form.send_at, account)
    ends_at, is_end = ends(form.ends_at, account)
    if not is_time or not is_end:
        return _page(form)
    contact = invite(
        account,
        found.contact.email if found.contact else found.email,
        by=staff,
        name=form.name.data or "",
        note=form.note.data or "",
        send_at=send_at,
        ends_at=ends_at,
        request_id=g.request_id,
    )
    undo.tell(_("Invitation to %(address)s is on its way.", address=contact.email), [contact.id])
    return go(url_for("overview.page"))


def _answer_to_typo(form: InviteForm) -> None:
    """Take the person's answer to "Did you mean …?" over into the form."""
    answer = request.form.get("use")
    if answer == "suggestion":
        slip = typo(form.who.data or "", form)
        form.who.data = slip[1] if slip else form.who.data
    if answer:
        form.keep_address.data = True


def _stopped(found: Pick) -> dict[str, Any] | None:
    """Return what the page says instead of inviting: joined already, shut out, or over."""
    access = PortalAccess.of(found.contact.id) if found.contact else None
    if found.contact is None or access is None:
        return None
    if access.status in OPEN and access.is_over:
        return {"over": found.contact}
    if access.status == Access.JOINED:
        return {"joined": found.contact}
    return None if access.is_open else {"blocked": _Blocked(found.contact, access.status)}


class _Blocked:
    """A contact whose access is shut, with its status for the page."""

    def __init__(self, contact: Contact, status: str) -> None:
        self.id, self.name, self.email, self.status = (
            contact.id,
            contact.name,
            contact.email,
            status,
        )


def _page(form: InviteForm, *, known: Contact | None = None, **found: Any) -> ResponseReturnValue:
    if known is not None:
        form.who.data = known.email
    context = {"choices": [], "typo": None, "joined": None, "over": None, "blocked": None, **found}
    page = render_template("admin/invite.html", form=form, **context)
    return page, 200 if request.method != "POST" else 422

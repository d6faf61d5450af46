"""Contacts: the list, one contact with its timeline, and what staff do with it."""

from __future__ import annotations

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.errors import AddressError, PhoneError, TakenError
from portal.flows.edit_contact import Details, add_contact, edit_contact
from portal.flows.invite import invite
from portal.flows.login_email import send_login_emails
from portal.flows.revoke import restore as restore_access
from portal.flows.revoke import revoke as revoke_access
from portal.flows.revoke import suspend as suspend_access
from portal.languages import _
from portal.models import contact_duplicates, contact_list
from portal.models.account import Account
from portal.models.address import likely_meant
from portal.models.contact import Contact
from portal.models.portal_access import OPEN, Access, PortalAccess
from portal.models.reminder import Reminder
from portal.models.tag import Tag
from portal.web.admin import contact_addresses, contact_filters, support_codes, undo
from portal.web.admin.deeds import DEEDS
from portal.web.admin.desk import at_desk, desk, find_contact, go
from portal.web.admin.timelines import timeline_of
from portal.web.forms import OTHER_ADDRESS, ContactForm

bp = desk("contacts", __name__, path="/contacts")


@bp.get("/")
def index() -> ResponseReturnValue:
    account, _staff = at_desk()
    asked = contact_filters.asked()
    listed = contact_filters.listed(account, asked)
    if not listed["contacts"] and (found := support_codes.search(asked.get("q", ""))):
        return found
    return render_template(
        "admin/contacts.html",
        **listed,
        asked=dict.fromkeys(contact_filters.NAMES, "") | asked,
        statuses=contact_filters.STATUSES,
        seen=contact_filters.SEEN,
        sorts=contact_filters.SORTS,
        columns=contact_filters.COLUMNS,
        channels=contact_filters.channels(),
        tags=Tag.in_use(account.id),
        views=contact_filters.views(account, asked),
        is_plain=not asked,
        deeds=DEEDS if "select" in request.args else None,
        page_ids=undo.ranges(line.id for line in listed["contacts"]),
        select_url=url_for(".index", **contact_filters.as_query(asked), select=1),
        list_url=url_for(".index", **contact_filters.as_query(asked)),
        is_folded=not any(asked.get(name) for name in contact_filters.FOLDED),
    )


@bp.get("/suggest")
def suggest() -> ResponseReturnValue:
    account, _staff = at_desk()
    q = request.args.get("q", "").replace("\0", "")[:200]
    return render_template("admin/_suggest.html", found=contact_list.suggest(account, q))


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    account, staff = at_desk()
    form = _form(account, None)
    if request.method == "POST" and _is_filled_in(form, None):
        try:
            contact = add_contact(account, _details(form), by=staff, request_id=g.request_id)
        except (AddressError, TakenError) as error:
            _complain(form, error)
        else:
            flash(_("%(who)s was added.", who=contact.called), "good")
            return go(url_for(".show", contact_id=contact.id))
    return _form_page(form, None)


@bp.route("/<int:contact_id>/edit", methods=["GET", "POST"])
def edit(contact_id: int) -> ResponseReturnValue:
    account, staff = at_desk()
    contact = find_contact(contact_id)
    form = _form(account, contact)
    if request.method == "POST" and _is_filled_in(form, contact):
        try:
            moved = edit_contact(
                account, contact, _details(form), by=staff, request_id=g.request_id
            )
        except (AddressError, TakenError) as error:
            _complain(form, error)
        else:
            flash(_("Saved."), "good")
            changed = 1 if moved and PortalAccess.of(contact.id) else None
            return go(url_for(".show", contact_id=contact.id, changed=changed))
    return _form_page(form, contact)


@bp.get("/<int:contact_id>")
def show(contact_id: int) -> ResponseReturnValue:
    contact = find_contact(contact_id)
    access = PortalAccess.of(contact.id)
    return render_template(
        "admin/contact.html",
        contact=contact,
        access=access,
        can=_can(access),
        reminder=Reminder.of(contact.id),
        tags=Tag.of_contacts([contact.id]).get(contact.id, []),
        known_tags=Tag.in_use(contact.account_id),
        duplicates=contact_duplicates.of(contact),
        email_changed="changed" in request.args and access is not None and access.is_open,
        **timeline_of(contact, access),
    )


@bp.get("/<int:contact_id>/timeline")
def timeline(contact_id: int) -> ResponseReturnValue:
    g.is_poll = True
    contact = find_contact(contact_id)
    found = timeline_of(contact, PortalAccess.of(contact.id))
    return render_template("admin/_timeline.html", contact=contact, **found)


@bp.post("/<int:contact_id>/resend-invite")
def resend_invite(contact_id: int) -> ResponseReturnValue:
    account, staff = at_desk()
    contact = find_contact(contact_id)
    invite(account, contact.email, by=staff, request_id=g.request_id)
    undo.tell(_("Invitation to %(address)s is on its way.", address=contact.email), [contact.id])
    return go(url_for(".show", contact_id=contact.id))


@bp.post("/<int:contact_id>/send-login-email")
def send_login_email(contact_id: int) -> ResponseReturnValue:
    account, staff = at_desk()
    contact = find_contact(contact_id)
    send_login_emails(account, [contact], by=staff, request_id=g.request_id)
    undo.tell(_("Login e-mail to %(address)s is on its way.", address=contact.email), [contact.id])
    return go(url_for(".show", contact_id=contact.id))


@bp.post("/<int:contact_id>/suspend")
def suspend(contact_id: int) -> ResponseReturnValue:
    contact, (_account, staff) = find_contact(contact_id), at_desk()
    if suspend_access(contact, by=staff, request_id=g.request_id):
        flash(_("%(who)s is shut out until you restore their access.", who=contact.called), "good")
    return go(url_for(".show", contact_id=contact.id))


@bp.route("/<int:contact_id>/revoke", methods=["GET", "POST"])
def revoke(contact_id: int) -> ResponseReturnValue:
    contact, (_account, staff) = find_contact(contact_id), at_desk()
    if request.method != "POST":
        return render_template("admin/confirm_revoke.html", contact=contact)
    if revoke_access(contact, by=staff, request_id=g.request_id):
        flash(_("The access of %(who)s has ended everywhere.", who=contact.called), "good")
    return go(url_for(".show", contact_id=contact.id))


@bp.post("/<int:contact_id>/restore")
def restore(contact_id: int) -> ResponseReturnValue:
    contact, (_account, staff) = find_contact(contact_id), at_desk()
    if restore_access(contact, by=staff, request_id=g.request_id):
        words = _(
            "%(who)s may enter again. Send them a new message to sign in with.", who=contact.called
        )
        flash(words, "good")
    return go(url_for(".show", contact_id=contact.id))


def _can(access: PortalAccess | None) -> dict[str, bool]:
    is_open = access is None or access.is_open
    return {
        "invite": access is None or (is_open and access.status == Access.INVITED),
        "login_email": is_open,
        "magic_link": is_open,
        "view": access is not None and is_open,
        "suspend": access is not None and is_open,
        "revoke": access is not None and access.status != Access.REVOKED,
        "restore": access is not None and access.status not in OPEN,
        "end": access is not None and access.status in OPEN,
    }


def _form(account: Account, contact: Contact | None) -> ContactForm:
    known = contact.addresses if contact else {}
    kinds = contact_addresses.kinds(account, known)
    kept = {f"{OTHER_ADDRESS}{kind}": known.get(kind, "") for kind in kinds}
    return ContactForm.with_addresses(kinds)(obj=contact, data=kept)


def _is_filled_in(form: ContactForm, contact: Contact | None) -> bool:
    answer = request.form.get("use")
    if answer == "suggestion":
        form.email.data = likely_meant(form.email.data or "") or form.email.data
    if answer or (contact is not None and form.email.data == contact.email):
        form.keep_address.data = True
    is_valid = bool(form.validate()) & contact_addresses.are_usable(
        at_desk()[0], form.other_addresses
    )
    return is_valid and _slip(form) is None


def _slip(form: ContactForm) -> tuple[str, str] | None:
    typed = form.email.data or ""
    suggestion = None if form.keep_address.data else likely_meant(typed)
    return (typed, suggestion) if suggestion else None


def _details(form: ContactForm) -> Details:
    return Details(
        name=form.name.data or "",
        email=form.email.data or "",
        phone=form.phone.data or "",
        locale=form.locale.data or "",
        external_id=form.external_id.data or "",
        addresses={kind: field.data or "" for kind, field in form.other_addresses.items()},
    )


def _complain(form: ContactForm, error: Exception) -> None:
    field = form.phone if isinstance(error, PhoneError) else form.email
    field.errors = [*field.errors, str(error)]


def _form_page(form: ContactForm, contact: Contact | None) -> ResponseReturnValue:
    slip = _slip(form) if request.method == "POST" and not form.errors else None
    page = render_template("admin/contact_form.html", form=form, contact=contact, typo=slip)
    return page, 200 if request.method != "POST" else 422

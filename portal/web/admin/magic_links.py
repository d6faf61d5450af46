"""Generate Magic Link: a one-time link, shown once to the person who asked."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import uuid4

import segno
from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from portal import plugins
from portal.errors import AlreadyShownError
from portal.flows.magic_link import Shown, generate
from portal.languages import _, mark
from portal.models.contact import Contact
from portal.models.magic_link import Kind
from portal.web.admin.desk import at_desk, desk
from portal.web.admin.picking import pick
from portal.web.forms import MagicLinkForm, whole_number

bp = desk("magic_links", __name__, path="/magic-links")


@bp.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    account, staff = at_desk()
    sections = [
        (section.name, section.title) for section in plugins.current().sections(account.slug)
    ]
    form = MagicLinkForm(sections, int(account.life_of(Kind.MAGIC).total_seconds()))
    if request.method != "POST":
        known = Contact.find(account, whole_number(request.args.get("contact_id")) or 0)
        form.who.data = known.email if known else ""
        return render_template("admin/magic_link.html", form=form, choices=[])
    is_valid = form.validate()  # first: it would wipe out what is said about the contact
    found = pick(account, form)
    if not is_valid or found.contact is None or form.link_uuid is None:
        return _again(form, found.email, found.choices)
    try:
        shown = generate(
            account,
            found.contact,
            by=staff,
            link_id=form.link_uuid,
            life=timedelta(seconds=int(form.life.data)),
            target=form.section.data or "",
            regenerate="regenerate" in request.form,
            request_id=g.request_id,
        )
    except AlreadyShownError:
        return _page("admin/magic_link_shown.html", form, found.contact)
    return _ready(form, found.contact, shown)


def _ready(form: MagicLinkForm, contact: Contact, shown: Shown) -> ResponseReturnValue:
    return _page(
        "admin/magic_link_ready.html",
        form,
        contact,
        link=shown.link,
        qr=qr_code(shown.link),
        message=shown.message,
        problem=shown.problem,
        expires_at=shown.expires_at,
        works_once=mark("Works once"),
    )


def _again(form: MagicLinkForm, email: str, choices: object) -> ResponseReturnValue:
    if email:
        words = _(
            "%(address)s is not a contact yet. Invite them first, or add them.", address=email
        )
        form.who.errors = [words]
    return render_template("admin/magic_link.html", form=form, choices=choices), 422


def _page(template: str, form: MagicLinkForm, contact: Contact, **found: object) -> str:
    return render_template(
        template,
        contact=contact,
        section=form.section.data or "",
        life=form.life.data,
        new_link_id=uuid4(),
        **found,
    )


def qr_code(link: str) -> str:
    """Return *link* as an SVG without styles; its colours come from the style sheet."""
    out = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, border=2, omitsize=True, svgclass="qr-code",
        lineclass="qr-line", nl=False,
    )  # fmt: skip
    return out.getvalue().decode()

"""Brand: name, colour, logo, favicon, and what stands at the foot of pages and messages."""

from __future__ import annotations

from flask import abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.errors import PictureError
from portal.flows.change_brand import FRAMES, Brand, change_brand, hang_picture, take_picture_down
from portal.languages import _
from portal.models.staff_role import Role
from portal.web import brand
from portal.web.admin.desk import at_desk, desk, go
from portal.web.forms_brand import BrandForm

bp = desk("branding", __name__, path="/brand", roles=(Role.OWNER, Role.ADMIN))


@bp.get("/")
def show() -> ResponseReturnValue:
    account, _staff = at_desk()
    return _page(BrandForm.of(account))


@bp.post("/")
def save() -> ResponseReturnValue:
    account, staff = at_desk()
    form = BrandForm()
    if request.form.get("use") == "nearest":
        form.accent.process_data(request.form.get("nearest", ""))
    if not form.validate():
        return _page(form), 422
    typed = Brand(form.name.data, form.accent.data, form.support.data, form.footer.data)
    if change_brand(account, typed, by=staff, request_id=g.request_id):
        flash(_("Saved. Pages and messages show it from now on."), "good")
    else:
        flash(_("Nothing was changed."), "note")
    return go(url_for(".show"))


@bp.post("/picture")
def change_picture() -> ResponseReturnValue:
    account, staff = at_desk()
    what = request.form.get("what", "")
    if what not in FRAMES:
        abort(400)
    if request.form.get("deed") == "remove":
        take_picture_down(account, what, by=staff, request_id=g.request_id)
        flash(_("Removed."), "good")
        return go(url_for(".show", _anchor=what))
    upload = request.files.get("picture")
    try:
        data = upload.read() if upload else b""
        hang_picture(account, what, data, by=staff, request_id=g.request_id)
    except PictureError as error:
        return _page(BrandForm.of(account), {what: str(error)}), 422
    flash(_("Saved. Clients see it from now on."), "good")
    return go(url_for(".show", _anchor=what))


def _page(form: BrandForm, wrong: dict[str, str] | None = None) -> str:
    account, _staff = at_desk()
    return render_template(
        "admin/brand.html",
        form=form,
        pictures={what: (wrong or {}).get(what, "") for what in FRAMES},
        shades=brand.shades(account.accent),
    )

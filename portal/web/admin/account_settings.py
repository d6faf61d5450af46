"""Settings: what an account chooses of how its portal works, in one place."""

from __future__ import annotations

from flask import abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.flows.change_account import change_account
from portal.languages import _
from portal.models.account import Account
from portal.models.reminder_plan import Plan
from portal.models.staff_role import Role
from portal.web import setting_words
from portal.web.admin.desk import at_desk, desk, go
from portal.web.forms_settings import FORMS, GeneralForm, SettingsForm, zones_of_places

bp = desk("account_settings", __name__, path="/settings", roles=(Role.OWNER, Role.ADMIN))


@bp.get("/")
def page() -> ResponseReturnValue:
    return _page({})


@bp.post("/")
def save() -> ResponseReturnValue:
    """Save one section, which is named beside its fields."""
    account, staff = at_desk()
    section = request.form.get("section", "")
    form = _typed(section, account)
    if not form.validate():
        return _page({section: form}), 422
    if change_account(account, form.chosen, by=staff, request_id=g.request_id):
        flash(_("Saved."), "good")
    else:
        flash(_("Nothing was changed."), "note")
    return go(url_for(".page", _anchor=section))


def _typed(section: str, account: Account) -> SettingsForm:
    if section not in FORMS:
        abort(404)
    if section == "general":
        return GeneralForm(known_locale=account.locale)
    return FORMS[section]()


def _page(typed: dict[str, SettingsForm]) -> str:
    account, _staff = at_desk()
    forms = {name: typed.get(name) or form.of(account) for name, form in FORMS.items()}
    return render_template(
        "admin/settings.html",
        forms=forms,
        bounds=setting_words.bounds,
        plan=Plan.of(account),
        zones=zones_of_places(),
    )

"""The second factors of a team: asked of everybody, and reset for whoever has lost theirs."""

from __future__ import annotations

from flask import abort, flash, g, url_for
from flask.typing import ResponseReturnValue

from portal.errors import TeamError
from portal.flows import team_factors
from portal.languages import _
from portal.models.staff_role import Role, StaffRole
from portal.web.admin.desk import at_desk, desk, go
from portal.web.admin.proving import ask_for_proof, is_proven
from portal.web.forms_sign_in import RequireFactorForm

bp = desk("team_factors", __name__, path="/team", roles=(Role.OWNER, Role.ADMIN))


@bp.post("/second-factor")
def require() -> ResponseReturnValue:
    account, staff = at_desk()
    form = RequireFactorForm()
    if not form.validate():
        raise TeamError(_("Choose from when on it holds."))
    team_factors.require(account, days=int(form.days.data), by=staff, request_id=g.request_id)
    flash(_("Everybody on the team is asked for a second factor."), "good")
    return go(url_for("team.index"))


@bp.post("/second-factor/stop")
def stop_requiring() -> ResponseReturnValue:
    account, staff = at_desk()
    team_factors.stop_requiring(account, by=staff, request_id=g.request_id)
    flash(_("Nobody is asked for a second factor any more. Who has one keeps it."), "good")
    return go(url_for("team.index"))


@bp.post("/<int:staff_id>/reset-second-factor")
def reset(staff_id: int) -> ResponseReturnValue:
    account, staff = at_desk()
    found = StaffRole.team(account.id, staff_id=staff_id)
    if not found:
        abort(404)
    if not is_proven():
        return ask_for_proof(f"member/{account.slug}/{staff_id}")
    team_factors.reset_member(account, staff_id, by=staff, request_id=g.request_id)
    words = _("%(who)s has no second factor any more, and is signed out.", who=found[0].called)
    flash(words, "good")
    return go(url_for("team.index"))


def _refused(error: TeamError) -> ResponseReturnValue:
    flash(str(error), "bad")
    return go(url_for("team.index"))


bp.register_error_handler(TeamError, _refused)

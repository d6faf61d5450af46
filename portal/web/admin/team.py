"""Team: who works for the account and in which role, and who is asked to join."""

from __future__ import annotations

from flask import abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.db import now
from portal.errors import AddressError, TeamError
from portal.flows.team import change_role, hand_over, invite_staff, remove, withdraw
from portal.languages import _, mark
from portal.models import staff_factors
from portal.models.account import Account
from portal.models.staff import Staff
from portal.models.staff_invitation import StaffInvitation
from portal.models.staff_role import Member, Role, StaffRole
from portal.web.admin.desk import at_desk, desk, go
from portal.web.forms_sign_in import RequireFactorForm
from portal.web.forms_team import ROLES, InviteStaffForm, RoleForm

bp = desk("team", __name__, path="/team", roles=(Role.OWNER, Role.ADMIN))
_IS_NOW = {
    Role.OWNER: mark("%(who)s is Owner now."),
    Role.ADMIN: mark("%(who)s is Admin now."),
    Role.SUPPORT: mark("%(who)s is Support now."),
}


@bp.get("/")
def index() -> ResponseReturnValue:
    return _page(InviteStaffForm(formdata=None))


@bp.post("/")
def invite() -> ResponseReturnValue:
    account, staff = at_desk()
    form = InviteStaffForm()
    if not form.validate():
        return _page(form), 422
    try:
        invited = invite_staff(
            account,
            form.email.data or "",
            Role(form.role.data),
            name=form.name.data or "",
            by=staff,
            request_id=g.request_id,
        )
    except (AddressError, TeamError) as error:
        form.email.errors = [str(error)]
        return _page(form), 422
    if invited.problem:
        return render_template("admin/team_link.html", invited=invited)
    words = _("The invitation to %(email)s was sent. It works for three days.", email=invited.email)
    flash(words, "good")
    return go(url_for(".index"))


@bp.post("/invitations/<int:invitation_id>/withdraw", endpoint="withdraw")
def take_back(invitation_id: int) -> ResponseReturnValue:
    account, staff = at_desk()
    invitation = StaffInvitation.find(account.id, invitation_id)
    if invitation is None:
        abort(404)
    withdraw(account, invitation, by=staff, request_id=g.request_id)
    words = _("The invitation to %(email)s opens nothing any more.", email=invitation.email)
    flash(words, "good")
    return go(url_for(".index"))


@bp.route("/<int:staff_id>", methods=["GET", "POST"], endpoint="member")
def change(staff_id: int) -> ResponseReturnValue:
    (account, staff), member = at_desk(), _member(staff_id)
    form = RoleForm(data={"role": member.role})
    if request.method == "POST" and form.validate():
        role = Role(form.role.data)
        change_role(account, member.id, role, by=staff, request_id=g.request_id)
        flash(_(_IS_NOW[role], who=member.called), "good")
        return go(url_for(".index"))
    return render_template(
        "admin/team_member.html",
        member=member,
        form=form,
        is_me=member.id == staff.id,
        may_change=_may_change(member),
        is_owner=_is_owner(),
        may_reset=_may_reset(account, staff, member),
    )


@bp.post("/<int:staff_id>/remove", endpoint="remove")
def take_off(staff_id: int) -> ResponseReturnValue:
    (account, staff), member = at_desk(), _member(staff_id)
    remove(account, member.id, by=staff, request_id=g.request_id)
    words = _(
        "%(who)s is no longer on the team of %(account)s.",
        who=member.called,
        account=account.name,
    )
    flash(words, "good")
    return go(url_for("staff.accounts") if member.id == staff.id else url_for(".index"))


@bp.post("/<int:staff_id>/hand-over", endpoint="hand_over")
def make_owner(staff_id: int) -> ResponseReturnValue:
    (account, staff), member = at_desk(), _member(staff_id)
    hand_over(account, member.id, by=staff, request_id=g.request_id)
    flash(_("%(who)s is the owner now, and you are an admin.", who=member.called), "good")
    return go(url_for(".index"))


def _refused(error: TeamError) -> ResponseReturnValue:
    flash(str(error), "bad")
    return go(url_for(".index"))


bp.register_error_handler(TeamError, _refused)


def _member(staff_id: int) -> Member:
    account, _staff = at_desk()
    found = StaffRole.team(account.id, staff_id=staff_id)
    if not found:
        abort(404)
    return found[0]


def _is_owner() -> bool:
    return bool(current_user.at_work.role == Role.OWNER)


def _may_change(member: Member) -> bool:
    return _is_owner() or member.role != Role.OWNER


def _may_reset(account: Account, me: Staff, member: Member) -> bool:
    """Nobody's who has none; an owner's is no other owner's to take."""
    is_other = member.id != me.id and member.role != Role.OWNER
    return _is_owner() and is_other and staff_factors.of_account(account.id)[member.id].any


def _page(form: InviteStaffForm) -> str:
    account, staff = at_desk()
    if not _is_owner():
        form.role.choices = [choice for choice in ROLES if choice.value != Role.OWNER]
    return render_template(
        "admin/team.html",
        form=form,
        team=StaffRole.team(account.id),
        me=staff.id,
        factors=staff_factors.of_account(account.id),
        is_owner=_is_owner(),
        required_from=(since := account.second_factor_from),
        is_required=since is not None and since <= now(),
        require_form=RequireFactorForm(formdata=None),
        invitations=StaffInvitation.of_account(account.id),
    )

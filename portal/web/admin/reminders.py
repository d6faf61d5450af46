"""Reminders: whether clients who have not come are asked again, and on which days."""

from __future__ import annotations

from flask import flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, IntegerField
from wtforms.validators import InputRequired, NumberRange, Optional

from portal.flows.plan_reminders import plan_reminders
from portal.languages import _, mark
from portal.models.reminder_plan import CLOSES, LATEST_DAY, OPENS, Plan
from portal.models.staff_role import Role
from portal.web.admin.desk import at_desk, desk, go
from portal.web.forms import OwnForm

bp = desk("reminders", __name__, path="/reminders", roles=(Role.OWNER, Role.ADMIN))

_IN_RANGE = NumberRange(1, LATEST_DAY, mark("Type a day from 1 to %(max)s."))


class PlanForm(OwnForm):
    """The days after an invitation; the second and the third may be left out."""

    is_on = BooleanField(mark("Send reminders"))
    first = IntegerField(mark("First reminder"), [InputRequired(mark("Type a day.")), _IN_RANGE])
    second = IntegerField(mark("Second reminder"), [Optional(), _IN_RANGE])
    third = IntegerField(mark("Third reminder"), [Optional(), _IN_RANGE])

    @property
    def days(self) -> tuple[int, ...]:
        given = (self.first.data, self.second.data, self.third.data)
        return tuple(day for day in given if day is not None)

    def validate(self, extra_validators: object = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if all(before < after for before, after in zip(self.days, self.days[1:], strict=False)):
            return True
        self.first.errors = [
            *self.first.errors,
            _("Each reminder needs a later day than the last."),
        ]
        return False


@bp.route("/", methods=["GET", "POST"])
def page() -> ResponseReturnValue:
    account, staff = at_desk()
    plan = Plan.of(account)
    form = PlanForm(data=_typed(plan)) if request.method != "POST" else PlanForm()
    if form.validate_on_submit():
        chosen = Plan(form.is_on.data, form.days)
        plan_reminders(account, chosen, by=staff, request_id=g.request_id)
        flash(_("Saved."), "good")
        return go(url_for(".page"))
    shown = render_template(
        "admin/reminders.html", form=form, opens=OPENS, closes=CLOSES, latest=LATEST_DAY
    )
    return shown, 422 if form.is_submitted() else 200


def _typed(plan: Plan) -> dict[str, object]:
    names = ("first", "second", "third")
    return {"is_on": plan.is_on, **dict(zip(names, plan.days, strict=False))}

"""The forms of the team."""

from __future__ import annotations

from wtforms import EmailField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.languages import mark
from portal.models.staff_role import Role
from portal.web.forms import OwnForm, one_line

ROLES = (
    SelectChoice(Role.SUPPORT.value, mark("Support: no settings")),
    SelectChoice(Role.ADMIN.value, mark("Admin: all but owners")),
    SelectChoice(Role.OWNER.value, mark("Owner: everything")),
)


class RoleForm(OwnForm):
    """What somebody may do."""

    role = SelectField(mark("Role"), choices=list(ROLES))


class InviteStaffForm(RoleForm):
    """Whom to ask to join the staff."""

    email = EmailField(
        mark("E-mail address"),
        filters=[one_line],
        validators=[DataRequired(mark("Enter an e-mail address.")), Length(max=320)],
    )
    name = StringField(mark("Name"), filters=[one_line], validators=[Length(max=200)])

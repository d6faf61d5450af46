"""The forms of how staff sign in: codes, proofs, and the names of passkeys."""

from __future__ import annotations

from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.languages import mark
from portal.models.staff_passkey import LONGEST_NAME
from portal.web.forms import OwnForm, one_line


class SecondStepForm(OwnForm):
    """A code from an app, or a recovery code."""

    code = StringField(
        mark("Code"), filters=[one_line], validators=[DataRequired(mark("Type the code."))]
    )


class AppCodeForm(SecondStepForm):
    """The first code of an app that was just set up."""

    code = StringField(
        mark("Code from the app"),
        filters=[one_line],
        validators=[DataRequired(mark("Type the six digits that the app shows."))],
    )


class ConfirmPasswordForm(OwnForm):
    """That it is them, by their password."""

    password = PasswordField(
        mark("Your password"), validators=[DataRequired(mark("Enter your password."))]
    )


class PasskeyNameForm(OwnForm):
    """What somebody calls a passkey."""

    name = StringField(
        mark("Name"),
        filters=[one_line],
        validators=[DataRequired(mark("Give it a name.")), Length(max=LONGEST_NAME)],
    )


class RequireFactorForm(OwnForm):
    """From when on everybody on the team needs a second factor."""

    days = SelectField(
        mark("From"),
        choices=[SelectChoice("7", mark("In 7 days")), SelectChoice("0", mark("Today"))],
    )

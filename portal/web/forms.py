"""The forms: what may be typed where, and how it is told when it cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from babel.units import format_unit
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    Form,
    HiddenField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.errors import AddressError
from portal.languages import LANGUAGES, mark
from portal.models.address import normalise_email
from portal.web import form_words
from portal.web.csrf import FormToken
from portal.web.languages import language

LONGEST_NOTE = 500
LIVES = (900, 3600, 86400)
"""Seconds that a copied link may live, beside the account's own choice."""
LOCALES = (
    ("", mark("As the account")),
    ("en", "English"),
    ("en-GB", "English (United Kingdom)"),
    ("en-US", "English (United States)"),
    ("en-AU", "English (Australia)"),
    ("en-CA", "English (Canada)"),
    ("en-IE", "English (Ireland)"),
    *((code, name) for code, name in LANGUAGES.items() if code != "en"),
)


def _trim(value: str | None) -> str:
    return (value or "").replace("\0", "").strip()


def one_line(value: str | None) -> str:
    return " ".join(_trim(value).split())


def _is_address(_form: FlaskForm, field: StringField) -> None:
    try:
        normalise_email(field.data or "")
    except AddressError as error:
        raise ValidationError(str(error)) from None


def send_at_field() -> StringField:
    """Return the field for a later time, which is read in the account's zone."""
    return StringField(mark("Send later"), filters=[_trim])


def end_field() -> StringField:
    """Return the field for the end of an access, which is read in the account's zone."""
    return StringField(mark("Access ends"), filters=[_trim])


class OwnForm(FlaskForm):  # type: ignore[misc]
    """A form of our own pages."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        csrf_class = FormToken

        def get_translations(self, _form: Form) -> Any:
            return form_words.complaints()

        def render_field(self, field: Field, render_kw: dict[str, Any]) -> Markup:
            form_words.speak(field)
            drawn: Markup = super().render_field(field, render_kw)
            return drawn


class PressForm(OwnForm):
    """A button and nothing else."""


class SupportCodeForm(OwnForm):
    """What a client reads out to support."""

    code = StringField(
        mark("Code"),
        filters=[one_line],
        validators=[
            DataRequired(mark("Type the code.")),
            Length(max=20, message=mark("It has six characters.")),
        ],
    )


class EmailForm(OwnForm):
    """The standard sign-in."""

    email = EmailField(
        mark("Your e-mail address"),
        filters=[_trim],
        validators=[DataRequired(mark("Enter your e-mail address.")), Length(max=320), _is_address],
    )


class CodeForm(OwnForm):
    """The code of a message. Spaces and dashes between the digits are fine."""

    code = StringField(mark("Code"), validators=[DataRequired(mark("Enter the eight digits."))])

    def validate_code(self, field: StringField) -> None:
        if len(self.digits) != 8:
            raise ValidationError("The code has eight digits, such as 4821 9035.")

    @property
    def digits(self) -> str:
        return "".join(str(int(sign)) for sign in self.code.data or "" if sign.isdecimal())


class StaffSignInForm(OwnForm):
    """E-mail and password of staff."""

    email = EmailField(
        mark("E-mail address"),
        filters=[_trim],
        validators=[DataRequired(mark("Enter your e-mail address."))],
    )
    password = PasswordField(
        mark("Password"), validators=[DataRequired(mark("Enter your password."))]
    )


class PasswordForm(OwnForm):
    """A new password; the current one is asked for where there is one."""

    current = PasswordField(
        mark("Current password"), validators=[DataRequired(mark("Enter your current password."))]
    )
    password = PasswordField(
        mark("New password"), validators=[DataRequired(mark("Choose a password."))]
    )


class WhoForm(OwnForm):
    """Someone by name or address; `contact_id` is set once it is clear who."""

    who = StringField(
        mark("Contact or e-mail address"), filters=[one_line], validators=[Length(max=320)]
    )
    contact_id = HiddenField()

    @property
    def chosen_id(self) -> int | None:
        return whole_number(self.contact_id.data)


class AccessEndForm(OwnForm):
    """When access ends; nothing for no end."""

    ends_at = end_field()


class InviteForm(WhoForm):
    """Whom to invite, and with which words."""

    name = StringField(mark("Name"), filters=[one_line], validators=[Length(max=200)])
    note = TextAreaField(
        mark("Personal note"),
        filters=[_trim],
        validators=[Length(max=LONGEST_NOTE, message=mark("Use at most 500 characters."))],
    )
    keep_address = BooleanField()
    send_at = send_at_field()
    ends_at = end_field()


class LoginEmailForm(OwnForm):
    """Search words; the chosen contacts are checkboxes beside it."""

    q = StringField(mark("Find contacts"), filters=[one_line])
    send_at = send_at_field()


class MagicLinkForm(WhoForm):
    """For whom, for which section, and for how long."""

    section = SelectField(mark("Opens"), validate_choice=True)
    life = SelectField(mark("Works for"), validate_choice=True)
    link_id = HiddenField()

    def __init__(self, sections: list[tuple[str, str]], own_life: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.life.choices = [
            SelectChoice(str(seconds), _in_words(seconds)) for seconds in sorted({*LIVES, own_life})
        ]
        if self.life.data is None:
            self.life.data = str(own_life)
        self.section.choices = [
            SelectChoice("", mark("The portal's home")),
            *(SelectChoice(name, title) for name, title in sections),
        ]
        if self.section.data is None:
            self.section.data = ""
        if self.link_uuid is None:
            self.link_id.data = str(uuid4())

    @property
    def link_uuid(self) -> UUID | None:
        try:
            return UUID(self.link_id.data or "")
        except ValueError:
            return None


class ViewForm(OwnForm):
    """What a list of contacts is called."""

    name = StringField(
        mark("Name of the view"),
        filters=[one_line],
        validators=[DataRequired(mark("Give the view a name.")), Length(max=60)],
    )


OTHER_ADDRESS = "address_"


class ContactForm(OwnForm):
    """What staff know of a contact."""

    name = StringField(mark("Name"), filters=[one_line], validators=[Length(max=200)])
    email = EmailField(
        mark("E-mail address"),
        filters=[_trim],
        validators=[DataRequired(mark("Enter an e-mail address.")), Length(max=320), _is_address],
    )
    phone = StringField(mark("Phone"), filters=[one_line], validators=[Length(max=40)])
    locale = SelectField(mark("Language"), choices=[SelectChoice(*locale) for locale in LOCALES])
    external_id = StringField(
        mark("Your reference"), filters=[one_line], validators=[Length(max=100)]
    )
    keep_address = BooleanField()

    @classmethod
    def with_addresses(cls, labels: Mapping[str, str]) -> type[ContactForm]:
        """Return the form with a field for each other kind of address, by its label."""
        fields = {
            f"{OTHER_ADDRESS}{kind}": StringField(
                label, filters=[one_line], validators=[Length(max=300)]
            )
            for kind, label in labels.items()
        }
        return type("ContactForm", (cls,), fields)

    @property
    def other_addresses(self) -> dict[str, Field]:
        """The fields of other kinds of address, by their kind."""
        return {
            name.removeprefix(OTHER_ADDRESS): field
            for name, field in self._fields.items()
            if name.startswith(OTHER_ADDRESS)
        }


def _in_words(seconds: int) -> str:
    sizes = ((3600, "hour"), (60, "minute"), (1, "second"))
    size, unit = next(pair for pair in sizes if seconds % pair[0] == 0)
    return format_unit(seconds // size, f"duration-{unit}", locale=language())


def whole_number(value: str | None) -> int | None:
    """Return *value* as a row's id, or None for anything that cannot be one."""
    text = value or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None

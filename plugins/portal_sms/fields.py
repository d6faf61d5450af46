"""The fields of the settings form: each stands in a group and says what belongs into it."""

from __future__ import annotations

from typing import Any

from wtforms import PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from portal_sms.words import counted

LONGEST_LINE, LONGEST_TEXT = 500, 4000
MANY = 3


def strip(value: str | None) -> str:
    return (value or "").strip()


def line(label: str, description: str, group: str, *more: Any, **options: Any) -> StringField:
    """Return a field of one line that stands under *group* on the page."""
    kw = {"data-group": group, "autocomplete": "off", **options.pop("render_kw", {})}
    rules = [*more, Length(max=LONGEST_LINE)]
    return StringField(label, rules, [strip], description, render_kw=kw, **options)


def secret(label: str, description: str, group: str) -> PasswordField:
    kw = {"data-group": group, "autocomplete": "off"}
    return PasswordField(label, [Length(max=LONGEST_LINE)], [strip], description, render_kw=kw)


def area(label: str, description: str, group: str, **options: Any) -> TextAreaField:
    kw = {"data-group": group, "spellcheck": "false", "rows": 4}
    rules = [Length(max=LONGEST_TEXT)]
    return TextAreaField(label, rules, [strip], description, render_kw=kw, **options)


def choice(
    label: str, description: str, group: str, *pairs: tuple[str, str], **render_kw: str
) -> SelectField:
    return SelectField(
        label,
        choices=[SelectChoice(*pair) for pair in pairs],
        default=pairs[0][0],
        description=description,
        render_kw={"data-group": group, **render_kw},
    )


class TemplateField(TextAreaField):  # type: ignore[misc]
    """The words of one kind of message. `note` tells how long they are, for a page to show.

    *has_code* says that messages of this kind hold a code.
    """

    def __init__(self, label: str, *, has_code: bool = False, **options: Any) -> None:
        self.has_code = has_code
        kw = {"data-group": "Words", "data-segments": "", "rows": 3}
        description = "Blank for the usual words. Placeholders: {account}, {name}, {link}, "
        description += "{code}, {minutes}." if has_code else "{minutes}."
        rules = [Length(max=LONGEST_TEXT)]
        super().__init__(label, rules, [strip], description, render_kw=kw, **options)

    @property
    def note(self) -> str:
        """How many segments a message with these words takes, as the page's script counts them."""
        if not (self.data or "").strip():
            return ""
        length = counted(self.data, keep_special=self.keeps_special)
        warning = f" · costs as much as {length.segments} messages"
        return f"{length}{warning if length.segments >= MANY else ''}"

    keeps_special = False

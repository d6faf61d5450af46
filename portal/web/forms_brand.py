"""The forms of the brand: what may be typed and uploaded."""

from __future__ import annotations

import re

from wtforms import StringField, ValidationError
from wtforms.validators import DataRequired, Length

from portal.languages import _, mark
from portal.models.account import Account
from portal.web import brand
from portal.web.forms import OwnForm, one_line

_SHORT = re.compile("#?([0-9a-f])([0-9a-f])([0-9a-f])")
_LONG = re.compile("#?([0-9a-f]{6})")


def _colour(value: str | None) -> str:
    """Return #rrggbb for what brand guides print in several ways, and anything else as it is."""
    typed = one_line(value).lower()
    if short := _SHORT.fullmatch(typed):
        return "#" + "".join(sign * 2 for sign in short.groups())
    long = _LONG.fullmatch(typed)
    return f"#{long[1]}" if long else typed


class BrandForm(OwnForm):
    """The account's name, colour, and what stands at the foot of its pages."""

    name = StringField(
        mark("Name"),
        filters=[one_line],
        validators=[DataRequired(mark("Give the account a name.")), Length(max=120)],
    )
    accent = StringField(mark("Accent colour"), filters=[_colour])
    support = StringField(mark("Support contact"), filters=[one_line], validators=[Length(max=120)])
    footer = StringField(mark("Footer line"), filters=[one_line], validators=[Length(max=120)])

    nearest = ""
    """The colour to offer in place of one that cannot be read."""

    def validate_accent(self, field: StringField) -> None:
        typed = field.data or ""
        if not _LONG.fullmatch(typed) or not typed.startswith("#"):
            raise ValidationError(_("Type a colour as # and six digits, such as #1f6f5c."))
        light = brand.shades(typed)[0]
        if light.was_moved:
            self.nearest = light.colour
            raise ValidationError(
                _(
                    "%(colour)s cannot be read on a white page: its contrast is %(ratio)s to 1, "
                    "and words need 4.5 to 1. The nearest colour that works is %(nearest)s.",
                    colour=typed,
                    ratio=f"{light.typed_ratio:.1f}",
                    nearest=light.colour,
                )
            )

    @classmethod
    def of(cls, account: Account) -> BrandForm:
        form = cls(formdata=None)
        form.name.data, form.accent.data = account.name, account.accent
        form.support.data = account.brand.get("support", "")
        form.footer.data = account.brand.get("footer", "")
        return form

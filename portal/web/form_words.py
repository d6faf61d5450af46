"""What forms say that is not in a template: choices, and what the form library complains of."""

from __future__ import annotations

from functools import cache
from typing import Any

from babel import Locale
from markupsafe import Markup
from wtforms import Field, i18n
from wtforms.fields.choices import Choice
from wtforms.widgets import Select

from portal.web.languages import language, said


class SaidSelect(Select):  # type: ignore[misc]
    """A list of choices in the language of the page; those that are names stay as they are."""

    @classmethod
    def render_option(cls, choice: Choice, **kwargs: Any) -> Markup:
        label = _label(choice) if choice.label else choice.label
        drawn: Markup = super().render_option(choice._replace(label=label), **kwargs)
        return drawn


def _label(choice: Choice) -> str:
    """Return what the choice is called; of a country that is what CLDR calls it."""
    if _countries("en").get(str(choice.value)) == choice.label:
        return _countries(language()).get(str(choice.value), str(choice.label))
    return said(str(choice.label))


def speak(field: Field) -> None:
    """Let *field* say its choices in the language of the page, if it has any."""
    if type(field.widget) is Select:
        field.widget = SaidSelect(multiple=field.widget.multiple)


def complaints() -> Any:
    """Return what the form library calls to say "Field cannot be longer than 200 characters."."""
    return _complaints(language())


@cache
def _countries(spoken: str) -> dict[str, str]:
    return dict(Locale(spoken).territories)


@cache
def _complaints(spoken: str) -> Any:
    return None if spoken == "en" else i18n.get_translations([spoken])

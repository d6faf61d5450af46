"""The languages of messages and of clients' pages: one catalogue each, beside the English words."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from markupsafe import Markup

LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "pt": "Português",
    "ar": "العربية",
}
RIGHT_TO_LEFT = frozenset({"ar"})
_FOLDER = Path(__file__).parent / "catalogues"


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return what each English sentence is in *language*, read once a process."""
    if language == "en":
        return {}
    with (_FOLDER / f"{language}.po").open("rb") as file:
        found = read_po(file, locale=language)
    return {str(one.id): str(one.string) for one in found if one.id and one.string}


@cache
def translator(language: str, *, is_html: bool = False) -> Callable[..., str]:
    """Return `_` for templates in *language*: `_("Hello %(client)s,", client=name)`.

    For HTML the sentence is trusted, because it is ours, and each value is escaped.
    """
    known, kind = catalogue(language), Markup if is_html else str

    def translate(words: str, **values: str) -> str:
        found = kind(known.get(words, words))
        return found % values if values else found

    return translate


def direction(language: str) -> str:
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"

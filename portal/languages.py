"""The languages of messages and pages: catalogues beside the English words."""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from babel.lists import format_list
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from flask import current_app, has_request_context
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
_DESK = "desk/"
_is_stored: ContextVar[bool] = ContextVar("is_stored", default=False)
READER = "portal_reader"
"""Where the web keeps the function that tells the language of whoever reads an answer."""


class Catalogue(NamedTuple):
    """What each English sentence is in one language; of a plural, what it is in each form."""

    sentences: dict[str, Any]
    plurals: dict[str, Any]
    form_of: Callable[[int], int]


def _(words: str, **values: str) -> str:
    """Return *words* as plain text in the language of whoever reads this answer.

    In a worker and in a shell that is English: what is stored and what operators read.
    """
    return translator(reader())(words, **values)


def _n(one: str, many: str, count: int, **values: str) -> str:
    """Return *one* or *many* with their number `%(count)s`, in the language of the reader."""
    return counter(reader())(one, many, count, **values)


def mark(words: str) -> str:
    """Mark *words* of a table or a form that `_` says later: they belong in the catalogues."""
    return words


@cache
def catalogue(language: str, part: str = "") -> Catalogue:
    """Return the sentences of *language*, read once a process: clients' ones, or the desk's."""
    if language == "en":
        return Catalogue({}, {}, lambda count: int(count != 1))
    with (_FOLDER / part / f"{language}.po").open("rb") as file:
        found = read_po(file, locale=language)
    said = [(one.id, one.string) for one in found if one.id and one.string]
    form_of = gettext.c2py(found.plural_expr)
    plurals: dict[str, Any] = {
        words[0]: string for words, string in said if not isinstance(words, str)
    }
    sentences: dict[str, Any] = {one: forms[form_of(1)] for one, forms in plurals.items()}
    sentences |= {words: string for words, string in said if isinstance(words, str)}
    return Catalogue(sentences, plurals, form_of)


@cache
def translator(language: str, *, is_html: bool = False) -> Callable[..., str]:
    """Return `_` for templates in *language*: `_("Hello %(client)s,", client=name)`.

    For HTML the sentence is trusted, because it is ours, and each value is escaped.
    """
    kind = Markup if is_html else str
    known = catalogue(language).sentences

    @lru_cache(maxsize=4096)  # a page of a client says a dozen, and there are many pages
    def find(words: str) -> str:
        return kind(known.get(words) or _of_desk(language, words))

    def translate(words: str, **values: str) -> str:
        found = find(words)
        return found % values if values else found

    return translate


@cache
def counter(language: str, *, is_html: bool = False) -> Callable[..., str]:
    """Return `_n` for templates in *language*: `_n("%(count)s day", "%(count)s days", days)`."""
    kind = Markup if is_html else str

    def say(one: str, many: str, count: int, **values: str) -> str:
        number = format_decimal(count, locale=language)
        return kind(_plural(language, one, many, count)) % {"count": number, **values}

    return say


def listed(words: Sequence[str]) -> str:
    """Return *words* one after the other, in the language of the reader."""
    return in_a_row(words, reader())


def in_a_row(words: Sequence[str], language: str) -> str:
    """Return *words* one after the other, parted as *language* parts them."""
    return format_list(words, style="unit", locale=language) if words else ""


def counted(number: int) -> str:
    """Return "1,204" as the language of the reader writes it."""
    return format_decimal(number, locale=reader())


@contextmanager
def in_english() -> Iterator[None]:
    """Let what is said meanwhile be English: it is stored, and others will read it."""
    token = _is_stored.set(True)
    try:
        yield
    finally:
        _is_stored.reset(token)


def reader() -> str:
    """Return the language of whoever reads this answer, as the web finds it; else English."""
    if _is_stored.get() or not has_request_context():
        return "en"
    find: Callable[[], str] = current_app.extensions[READER]
    return find()


def direction(language: str) -> str:
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def _of_desk(language: str, words: str) -> str:
    """Clients' pages are opened far more often: the desk's words are read when one is asked for."""
    found: str = catalogue(language, _DESK).sentences.get(words, words)
    return found


def _plural(language: str, one: str, many: str, count: int) -> str:
    for part in ("", _DESK):
        known = catalogue(language, part)
        if forms := known.plurals.get(one):
            return str(forms[known.form_of(count)])
    return one if count == 1 else many

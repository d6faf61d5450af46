"""The language of a page: the client's own, else the account's; at the desk the staff member's.

A page that knows neither, such as that of a link that was cut off, is in the browser's.
"""

from __future__ import annotations

from babel.numbers import format_decimal
from flask import Flask, g, has_request_context, request

from portal.languages import LANGUAGES, READER, counter, direction, translator
from portal.messages import bdi, language_of
from portal.stored_words import stored
from portal.verdict.phrases import browser_name

_DESK = "/admin"


def init_app(app: Flask) -> None:
    app.extensions[READER] = language
    app.jinja_env.globals.update(_=say, _n=count, page_language=language, direction=direction)
    app.jinja_env.filters.update(bdi=bdi, said=said, number=number, browser=browser_name)


def language() -> str:
    """Return the language of this page, once its portal or its reader is known."""
    found: str | None = g.get("language")
    if found is None:
        if request.path.startswith(_DESK):
            found = _of_desk()
        elif account := g.get("account"):
            found = g.language = language_of(account.locale)
        else:
            found = _of_browser()
    return found


def say(words: str, **values: str) -> str:
    """Return *words* in the language of this page, for HTML: each of *values* is escaped."""
    return translator(language(), is_html=True)(words, **values)


def said(words: str) -> str:
    """Return *words* that a page was given in its language, if they are ours.

    They may as well be somebody else's, so they are escaped unless they are markup already.
    """
    return words if hasattr(words, "__html__") else stored(str(words))


def number(value: float) -> str:
    """Return "1,204" as it is written in the language of this page, or in English without one."""
    return format_decimal(value, locale=language() if has_request_context() else "en")


def count(one: str, many: str, number: int, **values: str) -> str:
    """Return *one* or *many* with its *number*, in the language of this page, for HTML."""
    return counter(language(), is_html=True)(one, many, number, **values)


def _of_desk() -> str:
    """Return what the staff member chose, else the first of their browser's languages we speak."""
    at_work = g.get("at_work")
    chosen: str = at_work.staff.locale if at_work else ""
    found = chosen if chosen in LANGUAGES else _of_browser()
    if "at_work" in g:
        g.language = found
    return found


def _of_browser() -> str:
    if "browser_language" not in g:
        g.browser_language = request.accept_languages.best_match(LANGUAGES, "en")
    found: str = g.browser_language
    return found

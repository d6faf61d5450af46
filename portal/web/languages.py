"""The language of a page: the client's own, else the account's; the desk speaks English."""

from __future__ import annotations

from flask import Flask, g, request

from portal.languages import direction, translator
from portal.messages import bdi, language_of

_DESK = "/admin"


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(_=say, page_language=language, direction=direction)
    app.jinja_env.filters["bdi"] = bdi


def language() -> str:
    """Return the language of this page, once its portal is known."""
    found: str | None = g.get("language")
    if found is None and (account := g.get("account")):
        is_desk = request.path.startswith(_DESK)
        found = g.language = "en" if is_desk else language_of(account.locale)
    return found or "en"


def say(words: str, **values: str) -> str:
    """Return *words* in the language of this page, for HTML: each of *values* is escaped."""
    return translator(language(), is_html=True)(words, **values)

"""Errors as pages: what happened and what to do next, even when the database is away."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import NamedTuple

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from portal.config import settings
from portal.db import DatabaseAway, db
from portal.web import own_domain
from portal.web.languages import language
from portal.web.support import code_of_error

log = logging.getLogger(__name__)
_DESK = "/admin/"


class Words(NamedTuple):
    title: str
    words: str


_WORDS = {
    400: Words(
        "This request could not be understood", "Go back, load the page again and try once more."
    ),
    403: Words("This is not allowed from here", "Go back, load the page again and try once more."),
    404: Words("There is nothing here", "The address may be mistyped, or what was here is gone."),
    405: Words("This page cannot be used like that", "Go back and use the button on the page."),
    413: Words("That is too much at once", "Go back and send less."),
    429: Words(
        "Too many tries",
        "There were too many tries from your network. Wait five minutes, then try again.",
    ),
    503: Words(
        "One moment, please",
        "The portal is busy or being restarted. Try again in a minute; nothing was lost.",
    ),
    500: Words(
        "Something went wrong on our side",
        "Nothing was changed. Try again; if it goes on, tell whoever runs this portal the number "
        "below.",
    ),
}

_STALE = Words(
    "This page was open for too long",
    "Go back, load the page again and press the button once more. Nothing was changed.",
)


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, show)
    app.register_error_handler(CSRFError, show_stale_page)
    app.register_error_handler(DatabaseAway, show_busy)
    app.register_error_handler(Exception, show_broken)


def show(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error.get_response()
    if code == 400 and _is_wrong_host():
        return _page(503) if own_domain.is_unknown() else _page(400, _wrong_host())
    return _page(code)


def show_stale_page(_error: CSRFError) -> ResponseReturnValue:
    return _page(400, _STALE)


def show_busy(error: DatabaseAway) -> ResponseReturnValue:
    log.error("Request %s: the database did not answer: %s", g.get("request_id"), error.orig)
    return _page(503)


def show_broken(_error: Exception) -> ResponseReturnValue:
    log.exception("Request %s failed.", g.get("request_id"))
    return _page(500)


def _page(code: int, words: Words | None = None) -> tuple[str, int]:
    """Render without the account: it may be what could not be read."""
    db.session.rollback()
    found = words or _WORDS.get(code) or _WORDS[400 if code < 500 else 500]
    if code < 500 and request.path.startswith(_DESK):
        _look_who_reads()
    language()  # while the account is still known
    g.pop("account", None)
    page = render_template(
        "errors/error.html",
        code=code,
        title=found.title,
        words=found.words,
        request_id=g.get("request_id", ""),
        support_code=code_of_error(code),
        action_url=None,
        action_label=None,
    )
    return page, code


def _look_who_reads() -> None:
    """Of an address that leads nowhere, nobody has asked yet who came to it, and their language."""
    with suppress(DatabaseAway):
        bool(current_user.is_authenticated)


def _is_wrong_host() -> bool:
    return isinstance(request.routing_exception, SecurityError)


def _wrong_host() -> Words:
    return Words("This portal has another address", f"It is at {settings().url}")

"""Every press brings a token that only our pages hold, and that the browser's page cookie confirms.

Flask-WTF's own is signed a second time, which costs each page as much as its SELECT, and dies when
PORTAL_SECRET_KEYS change, although the cookie beside it lives on.
"""

from __future__ import annotations

import hmac
import secrets

from flask import Flask, request, session
from flask_wtf.csrf import CSRFError
from wtforms import Field, Form
from wtforms.csrf.core import CSRF

from portal.web.headers import SAFE_METHODS

_FIELD = "csrf_token"
WITHOUT_PAGES = "receipts"
"""The blueprint that providers post to: they have no page of ours, and each proves who it is."""


class FormToken(CSRF):  # type: ignore[misc]
    """Puts the token into forms. It is checked before the view, for presses without a form too."""

    def generate_csrf_token(self, _field: Field) -> str:
        return token()

    def validate_csrf_token(self, _form: Form, _field: Field) -> None:
        """Nothing is left to check."""


def init_app(app: Flask) -> None:
    app.before_request(refuse_strangers)
    app.jinja_env.globals[_FIELD] = token


def token() -> str:
    """Return the token of this browser's pages; the first page gives it one."""
    found: str | None = session.get(_FIELD)
    if found is None:
        found = session[_FIELD] = secrets.token_urlsafe(32)
    return found


def refuse_strangers() -> None:
    """Raises CSRFError for a press that did not come from one of our pages in this browser."""
    if request.method in SAFE_METHODS or request.endpoint is None:
        return
    if request.blueprint == WITHOUT_PAGES:
        return
    brought, known = request.form.get(_FIELD, ""), session.get(_FIELD, "")
    if not known or not hmac.compare_digest(brought.encode(), known.encode()):
        raise CSRFError("The token is missing or another browser's.")

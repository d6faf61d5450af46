"""The one redirect after a press, typed as Flask's own response, which can carry cookies."""

from __future__ import annotations

from flask import Response, make_response, redirect


def see_other(url: str) -> Response:
    """Answer 303: the browser gets *url* anew, and reloading does not press again."""
    return make_response(redirect(url, code=303))

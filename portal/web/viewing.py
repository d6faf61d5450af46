"""What holds while staff see a portal as a client does: they look, and nothing can be changed."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from portal.models.client_session import ClientSession
from portal.models.client_view import LIFE, ClientView, Viewing
from portal.web import cookies
from portal.web.headers import SAFE_METHODS
from portal.web.sessions import STAFF_COOKIE

VIEW_COOKIE = "client_view"
"""No account's slug holds an underscore, so no client's cookie can have this name."""
COOKIE_LIFE = LIFE + timedelta(hours=1)
"""So long the portal can still say that the view is over, instead of asking staff to sign in."""
_ELSEWHERE = ("mailbox", "receipts")
"""Blueprints outside the desk that no client comes to."""
_DESK = "/admin"


def init_app(app: Flask) -> None:
    """Before the check of tokens: a press is refused here whatever it brings."""
    app.before_request(guard)
    app.context_processor(lambda: {"viewing": g.get("viewing")})


def guard() -> ResponseReturnValue | None:
    """Refuse every press outside the desk with 403, and every link, whatever portal it is of.

    New pages need not think of it: what is not the desk's is refused. Both cookies are asked for,
    so a view that somebody copied is worth nothing without the desk.
    """
    digest = None if _is_elsewhere() else cookies.digest_of(VIEW_COOKIE)
    if digest is None:
        return None
    staff = cookies.digest_of(STAFF_COOKIE)
    g.viewing = ClientView.under_way(digest, staff) if staff else None
    if g.viewing is None:
        return _over() if request.blueprint == "portal" and request.method == "GET" else None
    if request.method in SAFE_METHODS and request.blueprint != "links":
        return None
    return _refused(g.viewing)


def _is_elsewhere() -> bool:
    is_page = request.endpoint not in (None, "static") and request.blueprint not in _ELSEWHERE
    return request.path.startswith(_DESK) or not is_page


def _refused(viewing: Viewing) -> ResponseReturnValue:
    g.account, g.slug = viewing.visit, viewing.visit.slug
    return render_template("client/read_only.html", is_link=request.blueprint == "links"), 403


def _over() -> ResponseReturnValue | None:
    """Say once that the view has ended; after that the portal is what it is to anybody."""
    g.slug = (request.view_args or {})["slug"]
    g.account = ClientSession.visit(g.slug, None)
    if g.account is None:
        return None
    response = make_response(render_template("client/view_over.html"))
    cookies.remove(response, VIEW_COOKIE)
    return response

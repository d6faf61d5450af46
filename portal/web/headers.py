"""What every request is asked for and every answer carries."""

from __future__ import annotations

import random
from typing import Any

from flask import Flask, Response, abort, g, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.config import Settings
from portal.db import reads_only
from portal.keys import derive

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "strict-origin",
    "Cache-Control": "no-store",
}
HSTS = "max-age=31536000"
A_YEAR = "public, max-age=31536000, immutable"


class PageSessions(SecureCookieSessionInterface):
    """Flask's own, with its signer made once for the app instead of twice for each request."""

    signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self.signer is None:
            self.signer = super().get_signing_serializer(app)
        return self.signer


def init_app(app: Flask, found: Settings) -> None:
    """Bind *app* to its one host, its proxies, its page cookie and headers."""
    session_keys = derive("page", found.secret_keys)
    app.config.update(
        SECRET_KEY=session_keys[0],
        SECRET_KEY_FALLBACKS=list(session_keys[1:]),
        SESSION_COOKIE_NAME="__Host-portal_page" if found.is_https else "portal_page",
        SESSION_COOKIE_SECURE=found.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        TRUSTED_HOSTS=[found.hostname],
        MAX_CONTENT_LENGTH=1024 * 1024,
    )
    app.session_interface = PageSessions()
    if found.trusted_proxies:
        proxies = found.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0, x_port=0, x_prefix=0
        )
    app.before_request_funcs.setdefault(None, []).insert(0, begin)
    app.after_request(finish)
    if found.is_https:
        app.after_request(_only_https)
    app.teardown_request(_end)


def begin() -> None:
    """Name the request, and let SQLite know whether it may write."""
    g.request_id = f"{random.getrandbits(64):016x}"
    reads_only.set(request.method in SAFE_METHODS)
    if "\0" in request.path or b"%00" in request.query_string:
        abort(400)  # PostgreSQL stores no NUL, and nothing of ours holds one
    if request.method not in SAFE_METHODS:
        _refuse_other_sites()


def finish(response: Response) -> Response:
    headers = response.headers
    present = {name.lower() for name in headers.keys()}  # noqa: SIM118 - iterating gives pairs
    headers.extend([pair for pair in _ALWAYS.items() if pair[0].lower() not in present])
    headers["X-Request-Id"] = g.get("request_id", "")
    return response


def _refuse_other_sites() -> None:
    """Browsers say where a request comes from (Fetch Metadata); a form elsewhere is refused."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        abort(403)


def _only_https(response: Response) -> Response:
    response.headers["Strict-Transport-Security"] = HSTS
    return response


def _end(_error: Any) -> None:
    reads_only.set(False)

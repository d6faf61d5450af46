"""What load balancers ask: does this process answer, and can this installation do its work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue

from portal import readiness
from portal.config import Settings
from portal.web import own_domain

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PROBES = frozenset({"/healthz", "/readyz", "/health/domain"})

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """Answer without asking anybody: an answer that comes shows that the process lives."""
    return "ok", {"Content-Type": "text/plain; charset=utf-8"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """Say of each thing whether it is as it must be; 503 when one is not."""
    verdicts = readiness.current().verdicts()
    is_ready = all(verdict.ok for verdict in verdicts.values())
    checks = {name: asdict(verdict) for name, verdict in verdicts.items()}
    return jsonify(ok=is_ready, checks=checks), 200 if is_ready else 503


@bp.get("/health/domain")
def domain() -> ResponseReturnValue:
    """Tell a proxy whether to get a certificate for `?domain=`: 200 for our hosts, 404 for others.

    It is answered from memory, so that a flood of made-up names costs the database nothing.
    """
    is_ours = own_domain.is_ours(request.args.get("domain", "").lower())
    words, status = ("yes", 200) if is_ours else ("no", 404)
    return words, status, {"Content-Type": "text/plain; charset=utf-8"}


class AnyHost:
    """A WSGI app that answers for our hosts, and probes for any.

    Load balancers ask by address. The probes name no host and link to nothing, so a Host that
    is made up gets nobody anything; all other pages still refuse it.
    """

    def __init__(self, app: WSGIApplication, netloc: str) -> None:
        self._app, self._netloc = app, netloc

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in PROBES and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            environ = {**environ, "HTTP_HOST": self._netloc}
        return self._app(environ, start_response)


def init_app(app: Flask, found: Settings) -> None:
    readiness.init_app(app)
    app.register_blueprint(bp)
    app.wsgi_app = AnyHost(app.wsgi_app, found.netloc)  # type: ignore[method-assign]

"""Accounts' own domains: whose portal a request's host shows, and which paths it has there.

A request for `https://clients.acme.example/code` goes on as one for `/p/acme/code` at PORTAL_URL,
and what is answered leads back to the short paths. Nothing else of the installation is there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, current_app, request

from portal.config import Settings, settings
from portal.db import DatabaseAway
from portal.models.account_domain import AccountDomain, Held

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FRESH_SECONDS = 2.0
"""So long a process may not know of a domain that came or went."""
_SHARED = ("/l/", "/static/", "/x/")
"""Paths that are the same at each host: links, files, and the public pages of plugins."""
_PORT = re.compile(r":\d*$")
_HELD, _AWAY = "portal.own_domain", "portal.database_away"


class OwnDomains:
    """A WSGI app that knows the hosts beside PORTAL_URL's, which costs that one nothing.

    All hosts are read at once and kept for two seconds: made-up ones cannot make it read more.
    """

    def __init__(self, app: Flask, found: Settings) -> None:
        self._flask, self._app = app, app.wsgi_app
        self._netloc, self._hostname = found.netloc, found.hostname
        self._held: dict[str, Held] | None = None
        self._until = 0.0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")
        if (lowered := host.lower()) != host:  # Werkzeug compares names letter by letter
            environ = {**environ, "HTTP_HOST": lowered}
        if lowered != self._netloc and (name := _PORT.sub("", lowered)) != self._hostname:
            environ, start_response = self._at_home(environ, name, start_response)
        return self._app(environ, start_response)

    def of(self, host: str) -> Held | None:
        """Return whose portal is at *host*. Raises DatabaseAway when nothing is known yet."""
        if self._held is None or time.monotonic() >= self._until:
            try:
                with self._flask.app_context():
                    self._held = AccountDomain.held()
            except DatabaseAway:
                if self._held is None:
                    raise
            self._until = time.monotonic() + FRESH_SECONDS
        return self._held.get(host)

    def _at_home(
        self, environ: WSGIEnvironment, name: str, start_response: StartResponse
    ) -> tuple[WSGIEnvironment, StartResponse]:
        """Return the request as one for PORTAL_URL when *name* is a domain of ours, and let who is
        sent on stay at the host they came to."""
        try:
            held = self.of(name)
        except DatabaseAway:
            return {**environ, _AWAY: True}, start_response
        if held is None:
            return environ, start_response
        path = inside(held, environ.get("PATH_INFO", ""))

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            return start_response(status, self._lead_back(held, headers), *error)

        return {**environ, "HTTP_HOST": self._netloc, "PATH_INFO": path, _HELD: held}, start

    def _lead_back(self, held: Held, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [
            (name, self._short(held, value) if name.lower() == "location" else value)
            for name, value in headers
        ]

    def _short(self, held: Held, location: str) -> str:
        parts = urlsplit(location)
        if parts.netloc not in ("", self._netloc):
            return location
        return _outside(held, parts._replace(scheme="", netloc="").geturl() or "/")


def init_app(app: Flask, found: Settings) -> None:
    hosts = OwnDomains(app, found)
    app.extensions["portal_own_domains"] = hosts
    app.wsgi_app = hosts  # type: ignore[method-assign]


def is_ours(host: str) -> bool:
    """Tell whether this installation answers for *host*."""
    hosts: OwnDomains = current_app.extensions["portal_own_domains"]
    return host == settings().hostname or hosts.of(host) is not None


def held() -> Held | None:
    """Return the own domain of this request, or None when it is for PORTAL_URL."""
    found: Held | None = request.environ.get(_HELD)
    return found


def is_unknown() -> bool:
    """Tell whether nobody could say if the host is ours: the database is away."""
    return bool(request.environ.get(_AWAY))


def inside(held: Held, path: str) -> str:
    """Return the path that *path* of an own domain has at PORTAL_URL."""
    root = f"/p/{held.slug}"
    is_whole = path == root or path.startswith((*_SHARED, f"{root}/"))
    return path if is_whole else f"{root}/{path.removeprefix('/')}"


def outside(path: str) -> str:
    """Return *path* of PORTAL_URL as this request's host has it."""
    found = held()
    return path if found is None else _outside(found, path)


def _outside(held: Held, path: str) -> str:
    root = f"/p/{held.slug}/"
    short = path.removeprefix(root[:-1])
    return short if path.startswith(root) and not short.startswith((*_SHARED, "/p/")) else path

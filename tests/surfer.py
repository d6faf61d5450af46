"""Browsers that speak to a running installation over real HTTP, and the people who use them."""

from __future__ import annotations

import http.client
from http.cookies import SimpleCookie
from typing import Any, cast
from urllib.parse import urlencode, urljoin, urlsplit

from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from tests.cast import Browser, Staff
from tests.live import Portico


class Surfer(Browser):
    """One browser with its own cookies, on a socket."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.cookies: dict[str, str] = {}

    def asks(self, method: str, url: str, **kwargs: Any) -> TestResponse:
        """Make one request and follow nothing. Raises OSError or HTTPException when it is lost."""
        parts = urlsplit(urljoin(self.base, url))
        query = urlencode(kwargs.get("query_string") or {}, doseq=True) or parts.query
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if "data" in kwargs:
            body = urlencode(kwargs["data"], doseq=True)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            line.request(method, f"{parts.path}?{query}" if query else parts.path, body, headers)
            answer = line.getresponse()
            content = answer.read()
        finally:
            line.close()
        for given in answer.headers.get_all("Set-Cookie") or []:
            self.cookies.update({name: one.value for name, one in SimpleCookie(given).items()})
        return cast(TestResponse, Response(content, answer.status, answer.getheaders()))


class Owner(Staff):
    """Ada, in front of a running installation, signed in with the link that it printed."""

    def __init__(self, portico: Portico) -> None:
        self.email, self.slug = "ada@acme.example", "acme"
        self.browser = Surfer(portico.url)
        self.opens(portico.line("Owner sign-in")).presses("Sign in").sees("Client Portal")

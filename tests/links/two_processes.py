"""The web server as it is run, two processes of two threads, and a crowd that presses at once."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Flask

from tests.servers import free_port

READY_WITHIN = 30
COOKIE = re.compile(r"^([^=]+)=([^;]*)")


class Answer(NamedTuple):
    status: int
    location: str
    set_cookies: dict[str, str]
    body: str


class Visitor:
    """A browser over a real socket, with its own cookies."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None, source: str = "") -> None:
        self.port, self.cookies, self.source = port, dict(cookies or {}), source

    def asks(self, method: str, path: str, **form: str) -> Answer:
        source = (self.source, 0) if self.source else None
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=source)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            line.request(method, path, urlencode(form) if form else None, headers)
            answer = line.getresponse()
            body = answer.read().decode()
        finally:
            line.close()
        given = dict(
            found.groups()
            for name, value in answer.getheaders()
            if name.lower() == "set-cookie" and (found := COOKIE.match(value))
        )
        self.cookies |= given
        return Answer(answer.status, answer.getheader("Location") or "", given, body)

    def opens(self, token: str) -> tuple[str, str]:
        """Open a link; return its clean address and the form's CSRF token."""
        clean = self.asks("GET", f"/l/{token}").location
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.asks("GET", clean).body)
        assert found
        return clean, found[1]


class Press(NamedTuple):
    """A button that is about to be pressed."""

    visitor: Visitor
    path: str
    csrf: str

    def __call__(self) -> Answer:
        return self.visitor.asks("POST", self.path, csrf_token=self.csrf, portal="acme")


def at_once(presses: list[Press]) -> list[Answer]:
    """Press all buttons at the same moment."""
    barrier = threading.Barrier(len(presses))

    def press(one: Press) -> Answer:
        barrier.wait()
        return one()

    with ThreadPoolExecutor(len(presses)) as crowd:
        return list(crowd.map(press, presses))


@contextmanager
def two_processes(app: Flask, **environment: str) -> Iterator[int]:
    """Run `portal web` on the home and database of *app*; give its port."""
    settings, port = app.config["PORTAL_SETTINGS"], free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "portal", "web"],
        env={
            **clean,
            "PORT": str(port),
            "PORTAL_HOME": str(settings.home),
            "PORTAL_DATABASE_URL": settings.database_url,
            "PORTAL_WEB_PROCESSES": "2",
            **environment,
        },
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(15)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            Visitor(port).asks("GET", "/p/acme/")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the web server did not answer")

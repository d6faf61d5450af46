"""Slots: a few requests at a time are worked on, while any number still wait for their bodies.

The server has no time limit for a body, and hands the request over before it is there: a few
clients that send a byte now and then would hold every thread that a process may work with.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from queue import SimpleQueue
from typing import TYPE_CHECKING

from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class Slots:
    """A WSGI app that lets *at_once* requests into *app*, each with its whole body.

    A body longer than *longest* is left unread; *app* refuses it by its length.
    """

    def __init__(self, app: WSGIApplication, at_once: int, longest: int) -> None:
        self._app, self._longest = app, longest
        self._free: SimpleQueue[None] = SimpleQueue()  # a Semaphore is slower, written in Python
        for _ in range(at_once):
            self._free.put(None)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in _BODILESS:
            self._wait_for_body(environ)
        self._free.get()
        try:
            answer = self._app(environ, start_response)
            return _whole(answer) if isinstance(answer, ClosingIterator) else answer
        finally:
            self._free.put(None)

    def _wait_for_body(self, environ: WSGIEnvironment) -> None:
        length = environ.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > self._longest:
            return
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(self._longest + 1))


def _whole(answer: ClosingIterator) -> list[bytes]:
    """Return a page as one piece, which the server sends without asking for the next one."""
    page = b"".join(answer)
    answer.close()
    return [page]

"""Slots: a few requests at a time are worked on, while any number still wait for their bodies.

The server has no time limit for a body, and hands the request over before it is there: a few
clients that send a byte now and then would hold every thread that a process may work with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


_PIECE = 256 * 1024
_FILES_AT_ONCE = 4
"""So many large bodies are taken in at once by one process: the disk is not endless."""


class Files(NamedTuple):
    """Large bodies: how long they may be, whose may, and where they are kept meanwhile."""

    longest: int
    may: Callable[[WSGIEnvironment], bool]
    folder: Path


class Slots:
    """A WSGI app that lets *at_once* requests into *app*, each with its whole body.

    A body longer than *longest* goes to a file when *files* lets it. Any other is left unread;
    *app* refuses it by its length.
    """

    def __init__(
        self, app: WSGIApplication, at_once: int, longest: int, files: Files | None = None
    ) -> None:
        self._app, self._longest, self._files = app, longest, files
        self._free_files: SimpleQueue[None] = SimpleQueue()
        for _ in range(_FILES_AT_ONCE):
            self._free_files.put(None)
        self._free: SimpleQueue[None] = SimpleQueue()  # a Semaphore is slower, written in Python
        for _ in range(at_once):
            self._free.put(None)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in _BODILESS:
            if self._is_file(environ):
                return self._with_file(environ, start_response)
            self._wait_for_body(environ)
        return self._answer(environ, start_response)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._free.get()
        try:
            answer = self._app(environ, start_response)
            return _whole(answer) if isinstance(answer, ClosingIterator) else answer
        finally:
            self._free.put(None)

    def _is_file(self, environ: WSGIEnvironment) -> bool:
        files, length = self._files, _length(environ)
        return files is not None and self._longest < length <= files.longest and files.may(environ)

    def _with_file(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if self._files is None:
            raise AssertionError("only asked when there are files")
        self._free_files.get()
        try:
            with TemporaryFile(dir=self._files.folder) as file:
                _take(environ["wsgi.input"], file, _length(environ))
                environ["wsgi.input"] = file
                return [b"".join(self._answer(environ, start_response))]
        finally:
            self._free_files.put(None)

    def _wait_for_body(self, environ: WSGIEnvironment) -> None:
        if _length(environ) > self._longest:
            return
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(self._longest + 1))


def _length(environ: WSGIEnvironment) -> int:
    length = environ.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0


def _take(body: Any, file: IO[bytes], length: int) -> None:
    """Copy the body, however slowly it comes; one that ends early is told by its length."""
    while length > 0 and (piece := body.read(min(_PIECE, length))):
        file.write(piece)
        length -= len(piece)
    file.seek(0)


def _whole(answer: ClosingIterator) -> list[bytes]:
    """Return a page as one piece, which the server sends without asking for the next one."""
    page = b"".join(answer)
    answer.close()
    return [page]

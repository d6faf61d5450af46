"""Large bodies: the page for files alone takes them, and from staff who are signed in only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from flask import Flask, Request, request
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from portal.config import Settings, settings
from portal.flows.new_run import LARGEST

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

TAKES_FILES = "runs.new"
LARGEST_BODY = LARGEST + 1024 * 1024
"""A file, with what stands around it in a form."""
IN_MEMORY = 256 * 1024
LONGEST_FIELD = 1024 * 1024


class PortalRequest(Request):
    """A request whose files are kept under PORTAL_HOME: a system's own folder may be memory."""

    def _get_file_stream(self, *_args: Any, **_kwargs: Any) -> IO[bytes]:
        return SpooledTemporaryFile(IN_MEMORY, dir=str(folder(settings())))


def init_app(app: Flask) -> None:
    app.request_class = PortalRequest
    app.before_request(admit)


def folder(found: Settings) -> Path:
    """Return where bodies are kept while a request lasts."""
    place = found.home / "uploads"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def admit() -> None:
    """Let signed-in staff send a file. Anyone else's large body is left unread, and refused."""
    if _takes_file():
        request.max_content_length = LARGEST_BODY
        request.max_form_memory_size = LONGEST_FIELD


def who_may_send_files(app: Flask) -> Callable[[WSGIEnvironment], bool]:
    """Return what tells of a request, before its body is read, whether that may be large."""

    def may(environ: WSGIEnvironment) -> bool:
        try:
            with app.request_context(environ):
                return _takes_file()
        except HTTPException:
            return False

    return may


def _takes_file() -> bool:
    return (
        request.endpoint == TAKES_FILES
        and request.method == "POST"
        and bool(current_user.is_authenticated)
    )

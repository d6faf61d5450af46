"""A mailbox that listens, and the pages that show it."""

from __future__ import annotations

import asyncio
import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf.csrf import CSRFProtect

from portal import mailbox
from portal.config import bundled
from portal.web import headers, languages, templating
from portal.web.mailbox import bp

LINK = "https://portal.acme.example/l/abcdefghijklmnopqrstuvwx"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mailbox"


@pytest.fixture
def running(folder: Path) -> Iterator[mailbox.Mailbox]:
    box = mailbox.Mailbox(folder)
    with served(box):
        yield box


@contextmanager
def served(box: mailbox.Mailbox) -> Iterator[None]:
    """Have *box* answer from a thread, until the block is left."""
    loop, told = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(box.serve_until(told),))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(told.set)
        thread.join()
        loop.close()


@pytest.fixture
def letter() -> Callable[..., EmailMessage]:
    def make(subject: str = "Sign in to Acme", text: str = f"Hello\n\n{LINK}\n", html: str = ""):
        message = EmailMessage()
        message["From"] = "Acme <portal@acme.example>"
        message["To"] = "Carl <carl@client.example>"
        message["Subject"] = subject
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        return message

    return make


@pytest.fixture
def post(running: mailbox.Mailbox) -> Callable[[EmailMessage], None]:
    def post_one(message: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", running.port, "test") as line:
            line.send_message(message)

    return post_one


@pytest.fixture
def pages(folder: Path) -> FlaskClient:
    app = Flask(
        "pages", template_folder=str(bundled("templates")), static_folder=str(templating.STATIC)
    )
    app.config.update(SECRET_KEY="for tests only", PORTAL_MAILBOX_DIR=folder)
    app.jinja_env.globals["asset"] = templating.asset
    app.jinja_env.filters.update(
        iso=templating.iso, ago=templating.ago, when=templating.when, when_zone=templating.when_zone
    )
    languages.init_app(app)
    app.register_blueprint(bp)
    CSRFProtect(app)
    app.after_request(headers.finish)
    return app.test_client()

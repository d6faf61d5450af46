"""A synchronous channel of an operator's own: what it does wrong costs nobody their link."""

from __future__ import annotations

import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.plugins.guard import LIMITS
from tests.cast import Client, Staff

BELL = '''
from portal.channel import Caps, Channel, PermanentError, Sent
from portal.hookspecs import hookimpl


class Bell(Channel):
    """Rings for the person who asked."""

    id, name = "bell", "Bell"
    caps = Caps(synchronous=True, kinds=frozenset({"magic"}))

    def send(self, request, settings):
        ACT


@hookimpl
def portal_channels(operator):
    return [Bell()]
'''


@pytest.fixture
def bell(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A channel in the operator's folder, in the clipboard's place; ask for it before anybody."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "bell.py").write_text(BELL.replace("ACT", request.param))


@pytest.mark.parametrize(
    ("bell", "words"),
    [
        ('raise PermanentError(f"No rope for {request.link}.")', "Bell: No rope for"),
        ("raise RuntimeError(request.link)", "The Bell plugin failed (RuntimeError)."),
        ("raise SystemExit(3)", "The Bell plugin failed (SystemExit)."),
        ("return request.link", "The Bell plugin failed (TypeError)."),
    ],
    indirect=["bell"],
    ids=["refuses", "raises", "exits", "nonsense"],
)
def test_one_that_fails_is_told_and_the_plain_link_is_shown(
    bell: None, ada: Staff, carl: Client, caplog: pytest.LogCaptureFixture, words: str
) -> None:
    ada.adds(carl.name, carl.email)
    with caplog.at_level(logging.ERROR):
        page = ada.at("magic-links/new").presses("Generate Magic Link", who=carl.email)
    page.is_status(200).sees(words, "Here is the plain link", "Works once")
    link = page.field("magic-link")
    token = link.rpartition("/")[2]
    assert token not in caplog.text
    notice = page.soup.select_one(".notice.bad")
    assert notice
    assert token not in notice.get_text()
    carl.opens(link).presses("Sign in").sees("Welcome to Acme")


@pytest.mark.parametrize("bell", ["import time; time.sleep(60)"], indirect=True)
def test_one_that_hangs_costs_nobody_their_page(
    bell: None, ada: Staff, carl: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a thread, as in the web, where nothing can be interrupted."""
    monkeypatch.setitem(LIMITS, "send", 1.0)
    ada.adds(carl.name, carl.email)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as thread:
        page = thread.submit(
            lambda: ada.at("magic-links/new").presses("Generate Magic Link", who=carl.email)
        ).result()
    page.sees("The Bell plugin did not answer in time.", "Here is the plain link")
    assert "/l/" in page.field("magic-link")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "bell", ['return Sent("delivered", show=request.link + "?by=bell")'], indirect=True
)
def test_what_it_shows_stands_in_the_links_field(bell: None, ada: Staff, carl: Client) -> None:
    ada.adds(carl.name, carl.email)
    page = ada.at("magic-links/new").presses("Generate Magic Link", who=carl.email)
    assert page.field("magic-link").endswith("?by=bell")
    assert page.soup.select(".notice.bad") == []


def test_the_whole_message_is_shown_beside_the_link(ada: Staff, carl: Client) -> None:
    ada.adds(carl.name, carl.email)
    page = ada.at("magic-links/new").presses("Generate Magic Link", who=carl.email)
    field = page.soup.find("textarea", id="magic-message")
    assert field
    assert field.has_attr("readonly")
    words = field.get_text()
    assert page.field("magic-link") in words.splitlines()
    assert "Hello Carl Carter," in words
    assert "Ada Byron at Acme made you this link" in words
    assert re.search(r"works once and expires in 15 minutes, at \d\d:\d\d", words)

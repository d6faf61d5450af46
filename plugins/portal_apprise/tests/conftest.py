"""A provider on this machine, and a channel that may speak to it."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.channel import Message, SendRequest, Settings
from portal_apprise.channel import Messenger
from portal_apprise.tests.provider import Provider

TOKEN = "abcdefghijklmnopqrstu_-x"
LINK = f"https://portal.acme.example/l/{TOKEN}"
TEXT = f"Acme\n\nHello Carl & Co <admin>,\n\nSign in:\n\n{LINK}\n\nThe link works once."


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider.started() as found:
        yield found


@pytest.fixture
def channel() -> Messenger:
    """As installed, but for the one thing that a test on one machine cannot do without."""
    return Messenger(may_stay_inside=True)


@pytest.fixture
def settings() -> Settings:
    return Settings({"services": "json, matrix tgram:// slack"})


def request_to(address: str, *, text: str = TEXT, short: str = "") -> SendRequest:
    message = Message("Your invitation", text, short=short)
    return SendRequest("d-1", "invite", address, "Carl", message, LINK, "Acme")


@pytest.fixture
def root_log() -> Iterator[io.StringIO]:
    """What an installation would write into its log, every level of it."""
    root, level, lines = logging.getLogger(), logging.getLogger().level, io.StringIO()
    handler = logging.StreamHandler(lines)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def in_threads() -> Callable[[Callable[[str], str], list[str]], list[str]]:
    """Do it for all at once."""

    def each(act: Callable[[str], str], of: list[str]) -> list[str]:
        with ThreadPoolExecutor(len(of)) as threads:
            return list(threads.map(act, of))

    return each

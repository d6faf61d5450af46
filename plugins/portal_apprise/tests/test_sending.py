"""What the channel sends, and what each answer of a provider means."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from portal.channel import (
    AmbiguousError,
    ChannelError,
    PermanentError,
    Settings,
    TemporaryError,
)
from portal_apprise.channel import Messenger
from portal_apprise.tests.conftest import LINK, TEXT, TOKEN, request_to
from portal_apprise.tests.provider import Provider

SECRET = "s3cr3t-t0k3n"


def test_the_whole_message_arrives_with_its_link(
    provider: Provider, channel: Messenger, settings: Settings
) -> None:
    sent = channel.send(request_to(f"json://{provider.place}/hook"), settings)
    assert (sent.status, sent.show) == ("sent", "")
    (asked,) = provider.asked
    assert asked.path == "/hook"
    assert asked.json["message"] == TEXT


def test_a_matrix_room_gets_it_in_words_that_stay_as_they_are(
    provider: Provider, channel: Messenger, settings: Settings
) -> None:
    provider.body = b'{"room_id": "!abc:acme.example", "user_id": "@portal:acme.example"}'
    address = f"matrix://{SECRET}@{provider.place}/!abc:acme.example?v=3"
    channel.send(request_to(address), settings)
    (said,) = [asked.json for asked in provider.asked if "/send/" in asked.path]
    assert LINK in said["body"]
    assert "Hello Carl & Co <admin>," in said["body"]


@pytest.mark.parametrize(
    ("status", "error", "cause", "words"),
    [
        (400, PermanentError, "refused", "refused the message"),
        (401, PermanentError, "bad_address", "does not accept the credentials"),
        (403, PermanentError, "bad_address", "does not accept the credentials"),
        (404, PermanentError, "no_mailbox", "does not exist"),
        (410, PermanentError, "no_mailbox", "does not exist"),
        (413, PermanentError, "too_large", "too large"),
        (302, PermanentError, "refused", "refused the message"),
        (408, TemporaryError, "timeout", "took too long"),
        (429, TemporaryError, "busy", "too busy"),
        (503, TemporaryError, "busy", "too busy"),
        (500, TemporaryError, "unreachable", "a problem of its own"),
    ],
)
def test_each_refusal_has_its_kind_and_words(
    provider: Provider,
    channel: Messenger,
    settings: Settings,
    status: int,
    error: type[ChannelError],
    cause: str,
    words: str,
) -> None:
    provider.status, provider.body = status, f"no, {TOKEN} {SECRET} will not do".encode()
    provider.headers = {"Location": f"http://{provider.place}/elsewhere"}
    address = f"json://carl:{SECRET}@{provider.place}/hook?redirect=yes&retry=2"
    with pytest.raises(error, match=words) as raised:
        channel.send(request_to(address), settings)
    assert raised.value.cause == cause
    assert "will not do" in raised.value.reply
    assert not [one for one in (TOKEN, SECRET) if one in f"{raised.value} {raised.value.reply}"]
    assert len(provider.asked) == 1, "neither a redirect nor a second try"


def test_nobody_there_is_tried_again_later(
    provider: Provider, channel: Messenger, settings: Settings
) -> None:
    with pytest.raises(TemporaryError, match="cannot be reached") as raised:
        channel.send(request_to("json://127.0.0.1:9/"), settings)
    assert raised.value.cause == "unreachable"


@pytest.mark.parametrize("act", ["hang", "drop"])
def test_a_lost_answer_leaves_it_open_whether_it_went_out(
    provider: Provider,
    channel: Messenger,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
) -> None:
    monkeypatch.setattr(channel, "caps", replace(channel.caps, timeout=1), raising=False)
    provider.act, began = act, time.monotonic()
    with pytest.raises(AmbiguousError, match="did not say") as raised:
        channel.send(request_to(f"json://{provider.place}/?rto=60&retry=3"), settings)
    assert raised.value.cause == "timeout"
    assert len(provider.asked) == 1
    assert time.monotonic() - began < 4, "the address may not choose how long we wait"


def test_a_service_that_carries_little_gets_the_short_words(
    provider: Provider,
    channel: Messenger,
    settings: Settings,
) -> None:
    short = f"Acme: sign in at {LINK}"
    request = request_to(f"json://{provider.place}/", text="long " * 8000 + LINK, short=short)
    channel.send(request, settings)
    assert provider.asked[0].json["message"] == short


def test_nothing_secret_is_logged(
    provider: Provider, channel: Messenger, settings: Settings, root_log: io.StringIO
) -> None:
    address = f"json://carl:{SECRET}@{provider.place}/hook/{SECRET}"
    channel.send(request_to(address), settings)
    provider.status = 500
    with pytest.raises(TemporaryError):
        channel.send(request_to(address), settings)
    logging.getLogger("portal").debug("something else")
    assert "something else" in root_log.getvalue()
    assert TOKEN not in root_log.getvalue()
    assert SECRET not in root_log.getvalue()


def test_what_one_thread_hears_is_not_anothers(
    channel: Messenger, settings: Settings, in_threads: Callable[..., list[str]]
) -> None:
    with Provider.started() as good, Provider.started() as bad:
        bad.status = 404
        addresses = [f"json://{one.place}/" for one in (good, bad) * 4]

        def outcome(address: str) -> str:
            try:
                return channel.send(request_to(address), settings).status
            except PermanentError as error:
                return error.cause

        assert in_threads(outcome, addresses) == ["sent", "no_mailbox"] * 4

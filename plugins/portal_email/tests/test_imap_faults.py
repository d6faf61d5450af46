"""A bounce mailbox that fails in each way: said in plain words, within the deadline, lost never."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from portal.channel import AuthenticationError, Settings, TemporaryError
from portal_email import folder as folders
from portal_email.channel import Email
from portal_email.tests.bounces import EXIM, KEY, QMAIL
from portal_email.tests.scripted_imap import (
    DRIP,
    HANG_UP,
    NOT_A_MESSAGE,
    SILENCE,
    ScriptedImap,
)

NOBODY = Settings()


@pytest.fixture
def serve_imap() -> Iterator[Callable[..., ScriptedImap]]:
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(ScriptedImap(*args, **options))


@pytest.fixture
def polling(channel_to) -> Callable[..., Email]:
    def make(server: ScriptedImap, password: str = "s3cret", **options: Any) -> Email:
        return channel_to("", bounce_mailbox=server.url(password), **options)

    return make


def keys(channel: Email, settings: Settings = NOBODY) -> list[str]:
    return [receipt.key for receipt in channel.poll(settings)]


def test_a_report_is_marked_as_read_at_the_next_call(serve_imap, polling):
    server = serve_imap()
    server.box = {3: EXIM, 4: NOT_A_MESSAGE, 9: QMAIL}
    channel = polling(server)
    assert keys(channel) == [KEY, KEY]
    assert server.read == set()
    assert keys(channel) == []
    assert server.read == {3, 9}
    assert len(server.talks) == 1


def test_what_is_no_report_is_fetched_once_and_stays_unread(serve_imap, polling):
    server = serve_imap()
    server.box = {4: NOT_A_MESSAGE}
    channel = polling(server)
    for _ in range(3):
        assert keys(channel) == []
    assert sum(word.startswith("UID FETCH") for word in server.talks[0]) == 1
    assert server.read == set()


def test_receipts_that_were_not_taken_come_again(serve_imap, polling):
    server = serve_imap()
    server.box = {3: EXIM, 9: QMAIL}
    channel = polling(server)
    receipts = iter(channel.poll(NOBODY))
    assert next(receipts).key == KEY
    receipts.close()  # as when storing the first one failed
    assert keys(channel) == [KEY, KEY]
    assert server.read == set()


def test_another_process_gets_what_this_one_did_not_mark(serve_imap, polling):
    server = serve_imap()
    server.box = {3: EXIM}
    assert keys(polling(server)) == [KEY]
    assert keys(polling(server)) == [KEY]


def test_what_was_taken_is_marked_after_an_idle_worker_closed_its_lines(serve_imap, polling):
    server = serve_imap()
    server.box = {3: EXIM}
    channel = polling(server)
    keys(channel)
    channel.close()
    assert server.talks[0][-1] == "LOGOUT"
    assert keys(channel) == []
    assert server.read == {3}


def test_a_folder_that_was_made_anew_is_read_from_its_beginning(serve_imap, polling):
    server = serve_imap()
    server.box = {3: EXIM}
    channel = polling(server)
    keys(channel)
    channel.close()
    server.validity = 8
    assert keys(channel) == [KEY]
    assert server.read == set()


def test_an_account_never_reads_the_operators_mailbox(serve_imap, polling, account):
    server = serve_imap()
    server.box = {3: EXIM}
    assert keys(polling(server), account()) == []
    assert server.talks == []


def test_an_account_reads_its_own(serve_imap, polling, account):
    operators, own = serve_imap(), serve_imap()
    operators.box, own.box = {3: EXIM}, {1: QMAIL}
    typed = {
        "bounce_host": "127.0.0.1",
        "bounce_port": own.port,
        "bounce_encryption": "never",
        "bounce_user": "back",
        "bounce_password": "s3cret",
    }
    assert keys(polling(operators), account(**typed)) == [KEY]
    assert operators.talks == []
    assert 'SELECT "INBOX"' in own.talks[0]


def test_without_a_mailbox_there_is_nothing(channel_to):
    assert keys(channel_to("")) == []


def test_many_reports_come_in_helpings(serve_imap, polling, monkeypatch):
    monkeypatch.setattr(folders, "MOST_AT_ONCE", 2)
    server = serve_imap()
    server.box = dict.fromkeys(range(1, 6), EXIM)
    channel = polling(server)
    assert [len(keys(channel)) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize("way", [SILENCE, DRIP])
@pytest.mark.parametrize(
    "verb",
    ["GREETING", "CAPABILITY", "AUTHENTICATE", "SELECT", "SEARCH", "FETCH", "STORE", "NOOP"],
)
def test_a_slow_mailbox_meets_the_deadline(serve_imap, polling, monkeypatch, verb, way):
    monkeypatch.setattr(folders, "IN_HAND", 0.0)
    server = serve_imap({verb: way} if verb not in {"STORE", "NOOP"} else {})
    server.box = {3: EXIM}
    channel = polling(server)
    if verb in {"STORE", "NOOP"}:
        keys(channel)
        server.replies[verb] = way
    channel._deadline = 0.15
    started = time.monotonic()
    if verb == "NOOP":  # all that is left is spent, and the next call begins anew
        with pytest.raises(TemporaryError):
            keys(channel)
        channel._deadline = 5.0
        assert keys(channel) == []
    else:
        with pytest.raises(TemporaryError, match="took too long") as caught:
            keys(channel)
        assert caught.value.cause == "timeout"
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "verb", ["GREETING", "CAPABILITY", "AUTHENTICATE", "SELECT", "SEARCH", "FETCH", "STORE"]
)
def test_a_dropped_line_is_said_and_nothing_is_lost(serve_imap, polling, verb):
    server = serve_imap()
    server.box = {3: EXIM}
    channel = polling(server)
    if verb == "STORE":
        keys(channel)
    server.replies[verb] = HANG_UP
    with pytest.raises(TemporaryError, match="was lost") as caught:
        keys(channel)
    assert caught.value.cause == "unreachable"
    del server.replies[verb]
    assert keys(channel) == ([] if verb == "STORE" else [KEY])
    keys(channel)
    assert server.read == {3}


def test_a_line_that_dropped_meanwhile_is_opened_again(serve_imap, polling):
    server = serve_imap({"NOOP": HANG_UP})
    server.box = {3: EXIM}
    channel = polling(server)
    keys(channel)
    assert keys(channel) == []
    assert server.read == {3}
    assert len(server.talks) == 2


@pytest.mark.parametrize(
    ("replies", "features", "error", "words", "cause"),
    [
        ({"GREETING": "* BYE busy"}, "", TemporaryError, "does not want to talk", "unreachable"),
        ({}, "LOGINDISABLED", AuthenticationError, "with a password", "sign_in"),
        ({"LOGIN": "NO wrong"}, "", AuthenticationError, "user name and password", "sign_in"),
        ({"LOGIN": "NO [UNAVAILABLE] x"}, "", TemporaryError, "at the moment", "sign_in"),
        ({"AUTHENTICATE": "NO no"}, "AUTH=PLAIN", TemporaryError, "did not let us", "unreachable"),
        ({"SELECT": "NO none"}, "", AuthenticationError, "no folder Bounces", "not_allowed"),
        ({"SEARCH": "NO what"}, "", TemporaryError, "refused SEARCH", "unreachable"),
        ({"SEARCH": "OK {99999999}"}, "", TemporaryError, "says too much", "unreachable"),
    ],
)
def test_a_refusal_is_said_in_plain_words(
    serve_imap, polling, replies, features, error, words, cause
):
    server = serve_imap(replies, features=features)
    with pytest.raises(error, match=words) as caught:
        keys(polling(server))
    assert type(caught.value) is error
    assert caught.value.cause == cause


def test_a_wrong_password_is_named_and_not_repeated(serve_imap, polling):
    with pytest.raises(AuthenticationError, match="user name and password") as caught:
        keys(polling(serve_imap(), "s3cre"))
    assert "s3cre" not in caught.value.reason
    assert caught.value.cause == "sign_in"


def test_a_server_that_repeats_the_password_is_redacted(serve_imap, polling):
    server = serve_imap({"LOGIN": "NO not s3cret"}, features="")
    with pytest.raises(AuthenticationError) as caught:
        keys(polling(server))
    assert caught.value.reply == "NO not …"


def test_an_endless_line_is_cut_off(serve_imap, polling):
    server = serve_imap({"GREETING": "* OK " + "x" * 3_000_000})
    with pytest.raises(TemporaryError, match="says too much"):
        keys(polling(server))


def test_nobody_listening_is_said(serve_imap, polling):
    server = serve_imap()
    server.stop()
    with pytest.raises(TemporaryError, match="could not be reached") as caught:
        keys(polling(server))
    assert caught.value.cause == "unreachable"


@pytest.mark.parametrize("url", ["imaps://host", "pop3://a:s3cret@host", "imaps://a:s3cret@h:x"])
def test_a_bad_url_is_named_but_not_repeated(channel_to, url):
    with pytest.raises(AuthenticationError, match="PORTAL_BOUNCE_MAILBOX is not") as caught:
        keys(channel_to("", bounce_mailbox=url))
    assert "s3cret" not in str(caught.value)

"""Messages that do not arrive: what the server said or failed to say, and what becomes of each."""

from __future__ import annotations

import contextlib
import signal
import threading
import time

import pytest

from portal.channel import (
    AmbiguousError,
    AuthenticationError,
    Message,
    PermanentError,
    TemporaryError,
)
from portal_email.tests.conftest import LINK
from portal_email.tests.scripted_server import DRIP, HANG_UP, RESET, SILENCE
from tests.wait import wait_for

REPLIES = [
    ("RCPT", "421 4.3.2 shutting down", TemporaryError, "too busy|no mail at the moment", "busy"),
    ("RCPT", "450 4.2.1 try later", TemporaryError, "switched off|at the moment", "mailbox_off"),
    ("RCPT", "450 greylisted", TemporaryError, "come back later", "busy"),
    ("RCPT", "451 local error", TemporaryError, "a problem of its own", "busy"),
    ("RCPT", "452 4.2.2 over quota", TemporaryError, "mailbox is full", "mailbox_full"),
    ("RCPT", "452 no space", TemporaryError, "no room left", "busy"),
    ("RCPT", "550 5.1.1 unknown user", PermanentError, "mailbox does not exist", "no_mailbox"),
    ("RCPT", "550 no such user", PermanentError, "mailbox does not exist", "no_mailbox"),
    ("RCPT", "550 5.7.1 not wanted", PermanentError, "its own rules", "refused"),
    ("RCPT", "551 moved", PermanentError, "not here", "no_mailbox"),
    ("RCPT", "552 mailbox full", PermanentError, "mailbox is full", "mailbox_full"),
    ("RCPT", "553 bad name", PermanentError, "how the address is written", "bad_address"),
    ("RCPT", "554 no", PermanentError, "does not accept the address", "refused"),
    ("RCPT", "999 what", TemporaryError, "does not accept the address", "refused"),
    ("RCPT", "530 5.7.0 sign in first", AuthenticationError, "our sign-in", "sign_in"),
    ("DATA", "451 4.7.1 later", TemporaryError, "its own rules", "refused"),
    ("DOT", "451 4.3.0 disk", TemporaryError, "a problem of its own", "busy"),
    ("DOT", "552 5.3.4 too big", PermanentError, "too large", "too_large"),
    ("DOT", "554 5.7.1 looks like spam", PermanentError, "looks like spam", "spam"),
    ("MAIL", "550 5.7.1 who are you", AuthenticationError, "its own rules", "refused"),
    ("MAIL", "552 too large", PermanentError, "too large", "too_large"),
    ("GREETING", "554 no service", AuthenticationError, "does not want to talk", "refused"),
    ("RCPT", "550 5.1.10 no MX", PermanentError, "takes no mail", "no_domain"),
    ("RCPT", "550 5.1.2 no such domain", PermanentError, "domain does not exist", "no_domain"),
    ("RCPT", "550 5.2.1 disabled", PermanentError, "switched off", "mailbox_off"),
    ("RCPT", "550 5.7.23 SPF fails", PermanentError, "SPF record", "sender_checks"),
    ("RCPT", "550 5.4.4 no route", PermanentError, "could not find a way", "unreachable"),
    ("DOT", "550 5.7.1 fails DMARC policy", PermanentError, "sender checks", "sender_checks"),
    ("DOT", "450 4.7.28 rate limited", TemporaryError, "too much mail", "busy"),
    ("GREETING", "421 busy", TemporaryError, "too busy", "busy"),
]


@pytest.mark.parametrize("features", [(), ("PIPELINING",)])
@pytest.mark.parametrize(("verb", "reply", "error", "words", "cause"), REPLIES)
def test_a_reply_becomes_an_error_in_plain_words(
    serve, channel_to, owed, verb, reply, error, words, cause, features
):
    with pytest.raises(error, match=words) as caught:
        channel_to(serve({verb: reply}, features=features)).send(owed())
    assert type(caught.value) is error
    assert caught.value.reply == reply
    assert caught.value.cause == cause


@pytest.mark.parametrize(
    ("reply", "error", "cause"),
    [
        ("535 5.7.8 bad credentials", AuthenticationError, "sign_in"),
        ("534 5.7.9 stronger please", AuthenticationError, "sign_in"),
        ("530 5.7.0 encrypt first", AuthenticationError, "sign_in"),
        ("454 4.7.0 directory is down", TemporaryError, "sign_in"),
        ("421 4.7.0 too many tries", TemporaryError, "sign_in"),
    ],
)
def test_a_refused_sign_in_is_not_about_the_message(serve, channel_to, owed, reply, error, cause):
    server = serve({"AUTH": reply}, features=("AUTH PLAIN",))
    with pytest.raises(error, match=r"sign-in|busy") as caught:
        channel_to(server.url("sol", "hunter2hunter2")).send(owed())
    assert "hunter2" not in caught.value.reason + caught.value.reply
    assert caught.value.reply == reply
    assert caught.value.cause == cause


def test_a_server_without_sign_in_is_named(serve, channel_to, owed):
    with pytest.raises(AuthenticationError, match="does not offer a sign-in") as caught:
        channel_to(serve().url("sol", "secret")).send(owed())
    assert caught.value.cause == "sign_in"


def test_a_password_beyond_ascii_is_not_repeated(serve, channel_to, owed):
    server = serve(features=("AUTH PLAIN",))
    with pytest.raises(AuthenticationError, match="in ASCII") as caught:
        channel_to(server.url("sol", "pässwörd")).send(owed())
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
def test_a_line_lost_before_the_message_is_temporary(serve, channel_to, owed, verb):
    server = serve({verb: HANG_UP, "HELO": HANG_UP}, features=("AUTH PLAIN",))
    with pytest.raises(TemporaryError, match="lost") as caught:
        channel_to(server.url("sol", "secret")).send(owed())
    assert caught.value.cause == "unreachable"
    assert server.raw == []


def test_a_line_lost_within_the_message_is_temporary(serve, channel_to, owed):
    server = serve({"MESSAGE": RESET})
    long = Message("Hi", "words " * 3_000_000)  # more than the sockets between us hold
    with pytest.raises(TemporaryError, match="lost"):
        channel_to(server, deadline=20).send(owed(message=long))
    assert server.raw == []


@pytest.mark.parametrize(
    ("ending", "cause"),
    [(HANG_UP, "unreachable"), (RESET, "unreachable"), (SILENCE, "timeout"), (DRIP, "timeout")],
)
def test_no_answer_after_the_final_dot_is_ambiguous(serve, channel_to, owed, ending, cause):
    server = serve({"DOT": ending})
    with pytest.raises(AmbiguousError, match="before the mail server said") as caught:
        channel_to(server, deadline=0.3).send(owed())
    assert caught.value.cause == cause
    assert len(server.raw) == 1


@pytest.mark.parametrize("way", [SILENCE, DRIP])
@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
def test_a_slow_server_meets_the_deadline(serve, channel_to, owed, verb, way):
    server = serve({verb: way}, features=("AUTH PLAIN",))
    with pytest.raises(TemporaryError, match="took too long") as caught:
        channel_to(server.url("sol", "secret"), deadline=0.2).send(owed())
    assert caught.value.cause == "timeout"
    assert server.raw == []


@pytest.mark.parametrize("way", [SILENCE, HANG_UP, RESET])
@pytest.mark.parametrize("verb", ["RSET", "MAIL", "RCPT", "DATA"])
def test_a_fault_in_a_talk_all_at_once_harms_one_message_at_most(
    serve, channel_to, owed, verb, way
):
    """RFC 2920: the second message's whole envelope is on its way when the line fails."""
    server = serve(features=("PIPELINING",))
    channel = channel_to(server)
    channel.send(owed(key="d-1"))
    server.replies[verb] = way
    channel._deadline = 0.4
    with contextlib.suppress(TemporaryError):
        channel.send(owed(key="d-2"))
        assert verb == "RSET"  # a fresh line then helped
    channel._deadline = 5.0
    server.replies[verb] = "354 go" if verb == "DATA" else "250 fine"
    channel.send(owed(key="d-3"))
    whole = [message["Message-ID"] for message in server.messages if message["Message-ID"]]
    assert whole.count("<d-1@acme.example>") == whole.count("<d-3@acme.example>") == 1
    assert ("<d-2@acme.example>" in whole) is (verb == "RSET" and way != SILENCE)


@pytest.mark.parametrize("pace", [0.001, 0.05, 5])
def test_no_pace_of_single_bytes_stretches_the_deadline(serve, channel_to, owed, pace):
    started = time.monotonic()
    with pytest.raises(TemporaryError, match="took too long"):
        channel_to(serve({"RCPT": DRIP}, pace=pace), deadline=0.3).send(owed())
    assert time.monotonic() - started < 3


def test_a_server_that_does_not_read_meets_the_deadline(serve, channel_to, owed):
    server = serve({"MESSAGE": SILENCE})
    long = Message("Hi", "words " * 3_000_000)  # more than the sockets between us hold
    with pytest.raises(TemporaryError, match="took too long") as caught:
        channel_to(server, deadline=1.5).send(owed(message=long))
    assert caught.value.cause == "timeout"
    assert server.raw == []


def test_a_server_that_hangs_at_rset_is_left_for_a_fresh_line(serve, channel_to, owed):
    server = serve({"RSET": SILENCE})
    channel = channel_to(server)
    channel.send(owed(key="d-1"))
    channel._deadline = 0.4
    with pytest.raises(TemporaryError, match="took too long"):
        channel.send(owed(key="d-2"))
    channel._deadline = 5.0
    channel.send(owed(key="d-3"))
    assert [m["Message-ID"] for m in server.messages] == [
        "<d-1@acme.example>",
        "<d-3@acme.example>",
    ]


def test_after_an_error_the_next_message_gets_a_fresh_connection(serve, channel_to, owed):
    server = serve({"DOT": HANG_UP})
    channel = channel_to(server)
    with pytest.raises(AmbiguousError):
        channel.send(owed())
    server.replies["DOT"] = "250 ok"
    channel.send(owed())
    first, second = server.messages
    assert first["Message-ID"] == second["Message-ID"]


def test_nobody_listening_is_temporary(serve, channel_to, owed):
    server = serve()
    server.stop()
    with pytest.raises(TemporaryError, match="could not be reached") as caught:
        channel_to(server.url(host="127.0.0.1")).send(owed())
    assert caught.value.cause == "unreachable"


def test_a_host_without_an_address_is_temporary(channel_to, owed):
    with pytest.raises(TemporaryError, match="could not be reached"):
        channel_to("smtp://mail.invalid").send(owed())


def test_a_reply_that_repeats_the_link_is_redacted(serve, channel_to, owed):
    token = LINK.rpartition("/")[2]
    server = serve({"DOT": f"554 5.7.1 found {LINK} and {token} in it"})
    with pytest.raises(PermanentError) as caught:
        channel_to(server).send(owed())
    assert token not in caught.value.reply + caught.value.reason
    assert caught.value.reply == "554 5.7.1 found … and … in it"


def test_a_reply_of_many_lines_becomes_one(serve, channel_to, owed):
    server = serve(
        {"RCPT": "550-5.1.1 The account\r\n550-5.1.1 does not\x1b exist\r\n550 5.1.1 end"}
    )
    with pytest.raises(PermanentError, match="does not exist") as caught:
        channel_to(server).send(owed())
    assert caught.value.reply == "550 5.1.1 The account 5.1.1 does not\ufffd exist 5.1.1 end"


def test_an_endless_reply_is_cut(serve, channel_to, owed):
    server = serve({"GREETING": "220 " + "x" * 100_000})
    with pytest.raises(AuthenticationError) as caught:
        channel_to(server).send(owed())
    assert len(caught.value.reply) <= 300


def test_a_talk_that_was_interrupted_is_never_resumed(serve, channel_to, owed):
    """Its outstanding reply would be taken for the next message's."""
    server = serve({"DOT": SILENCE})
    channel = channel_to(server)

    def interrupt(*_: object) -> None:
        raise TemporaryError("as the worker's alarm does")

    def ring() -> None:
        wait_for(lambda: server.raw)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, interrupt)
    threading.Thread(target=ring, daemon=True).start()
    try:
        with pytest.raises(TemporaryError, match="alarm"):
            channel.send(owed())
    finally:
        signal.signal(signal.SIGALRM, before)
    server.replies["DOT"] = "250 fine"
    assert channel.send(owed()).reply == "250 fine"
    assert len(server.talks) == 2

"""What a gateway can do to us, and what becomes of the message each time."""

from __future__ import annotations

import signal
import socket
import time
from email.utils import formatdate

import pytest

from portal.channel import (
    AmbiguousError,
    AuthenticationError,
    ChannelError,
    Operator,
    PermanentError,
    TemporaryError,
)
from portal_sms.channel import Sms
from portal_sms.tests.conftest import LINK, TOKEN, TWILIO, hurried
from portal_sms.tests.scripted_gateway import BREAK_OFF, DRIP, HANG_UP, RESET, SILENCE

PROVIDERS = ("twilio", "gateway")
SECRETS = ("hunter2", TOKEN, LINK)


@pytest.fixture(params=PROVIDERS)
def settings_at(request, twilio_at, gateway_at):
    return {"twilio": twilio_at, "gateway": gateway_at}[request.param]


@pytest.mark.parametrize(
    ("status", "error", "cause"),
    [
        (500, TemporaryError, "busy"),
        (502, TemporaryError, "busy"),
        (503, TemporaryError, "busy"),
        (429, TemporaryError, "busy"),
        (400, PermanentError, "refused"),
        (422, PermanentError, "refused"),
        (408, TemporaryError, "refused"),
        (401, AuthenticationError, "sign_in"),
        (403, AuthenticationError, "sign_in"),
        (301, AuthenticationError, "refused"),
        (307, AuthenticationError, "refused"),
    ],
)
def test_a_status_becomes_an_error_in_plain_words(
    sms, serve, settings_at, owed, status, error, cause
):
    words = f"no {LINK} for hunter2/hunter2 or hunter2%2Fhunter2"
    server = serve(status, words, {"Location": "/elsewhere"})
    with pytest.raises(ChannelError) as caught:
        sms.send(owed(), settings_at(server, twilio_token="hunter2/hunter2"))
    assert (type(caught.value), caught.value.cause) == (error, cause)
    assert caught.value.reason.endswith(".")
    assert caught.value.reply == f"{status} no … for … or …"
    assert len(server.requests) == 1, "a redirect is not followed"


@pytest.mark.parametrize(
    ("words", "least", "most"),
    [
        ("120", 120, 120),
        ("9999999", 86400, 86400),
        (300, 290, 301),
        (-300, 0, 0),
        ("soon", 0, 0),
        ("-1", 0, 0),
    ],
)
def test_the_time_a_busy_provider_names_is_kept(sms, serve, settings_at, owed, words, least, most):
    if isinstance(words, int):
        words = formatdate(time.time() + words, usegmt=True)
    server = serve(429, "slow down", {"Retry-After": words})
    with pytest.raises(TemporaryError) as caught:
        sms.send(owed(), settings_at(server))
    assert least <= caught.value.retry_after <= most


@pytest.mark.parametrize("how", [SILENCE, DRIP, HANG_UP, RESET])
def test_no_answer_after_the_request_was_written_is_ambiguous(serve, settings_at, owed, how):
    server = serve(how)
    started = time.monotonic()
    with pytest.raises(AmbiguousError) as caught:
        hurried(0.4).send(owed(), settings_at(server))
    assert time.monotonic() - started < 2, "a drip stretches no deadline"
    assert caught.value.cause in {"timeout", "unreachable"}
    assert len(server.requests) == 1
    for secret in SECRETS:
        assert secret not in caught.value.reason + caught.value.reply


def test_nobody_at_home_is_temporary(sms, serve, settings_at, owed):
    server = serve()
    server.stop()
    with pytest.raises(TemporaryError, match=r"localhost could not be reached\.") as caught:
        sms.send(owed(), settings_at(server))
    assert caught.value.cause == "unreachable"


def test_a_host_without_an_address_is_temporary(sms, gateway_at, owed):
    with pytest.raises(TemporaryError, match="could not be reached"):
        sms.send(owed(), gateway_at("https://nowhere.invalid"))


def test_a_line_that_is_never_taken_up_is_temporary(gateway_at, owed):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), pytest.raises(TemporaryError) as caught:
            hurried(0.3).send(owed(), gateway_at(f"http://127.0.0.1:{port}"))
    assert caught.value.cause == "timeout"


def test_a_flood_is_not_read(sms, serve, settings_at, owed):
    server = serve(400, b"x" * 40_000_000)
    with pytest.raises(PermanentError) as caught:
        sms.send(owed(), settings_at(server))
    assert len(caught.value.reply) == 300
    server.stop()
    assert not server.finished, "the line was closed on it"


@pytest.mark.parametrize("body", ["{garbage", "[1, 2]", "\x00\xff", "null", '{"sid": null}', ""])
def test_garbage_after_the_word_that_it_was_taken_is_sent(sms, serve, settings_at, owed, body):
    sent = sms.send(owed(), settings_at(serve(200, body)))
    assert (sent.status, sent.provider_id) == ("sent", "")


def test_half_an_answer_counts_by_its_status(sms, serve, settings_at, owed):
    assert sms.send(owed(), settings_at(serve(BREAK_OFF))).status == "sent"


def test_half_an_answer_that_should_hold_a_word_is_ambiguous(sms, serve, gateway_at, owed):
    with pytest.raises(AmbiguousError):
        sms.send(owed(), gateway_at(serve(BREAK_OFF), gateway_pattern="queued as"))


@pytest.mark.parametrize("name", ["localhost", "other.example"])
def test_a_certificate_is_checked(
    sms, serve, gateway_at, owed, tls, certificates, monkeypatch, name
):
    server = serve(200, "ok", tls=tls(name))
    settings = gateway_at(server)
    with pytest.raises(TemporaryError, match="certificate of localhost is not valid"):
        sms.send(owed(), settings)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates[name]))
    if name == "localhost":
        assert sms.send(owed(), settings).reply == "200 ok"
    else:
        with pytest.raises(TemporaryError, match="certificate of localhost is not valid"):
            sms.send(owed(), settings)
    assert len(server.requests) == (name == "localhost")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "must begin with https"),
        ("gopher://localhost/", "must begin with https"),
        ("http://203.0.113.7", "needs https"),
        ("https://10.0.0.1", "private address"),
        ("https://169.254.169.254", "private address"),
        ("https://[fd00::1]", "private address"),
        ("https://[::ffff:192.168.0.1]", "private address"),
        ("http://[::ffff:169.254.169.254]", "needs https"),
        ("http://0.0.0.0", "needs https"),
    ],
)
def test_places_only_this_machine_can_reach_are_not_called(sms, gateway_at, owed, url, words):
    with pytest.raises(AuthenticationError, match=words) as caught:
        sms.send(owed(), gateway_at(url))
    assert caught.value.cause in {"not_allowed", "fault"}


@pytest.mark.parametrize("listed", [(), ("sms.lan",)])
def test_this_machine_is_called_only_where_the_operator_says_so(serve, gateway_at, owed, listed):
    server = serve(200)
    sms = Sms(Operator(private_hosts=listed))
    for act in (
        lambda: sms.send(owed(), gateway_at(server)),
        lambda: sms.check(gateway_at(server)),
    ):
        with pytest.raises(AuthenticationError, match="PORTAL_PRIVATE_HOSTS"):
            act()
    assert server.requests == []


def test_this_machine_has_another_way_to_be_written(sms, serve, gateway_at, owed):
    server = serve(200)
    settings = gateway_at(f"http://[::ffff:127.0.0.1]:{server.port}")
    assert sms.send(owed(), settings).status == "sent"


def test_the_operator_says_where_gateways_may_be(sms, serve, gateway_at, owed, monkeypatch):
    settings = gateway_at(serve(200))
    monkeypatch.setenv("SMS_GATEWAY_HOSTS", "sms.lan, other.lan")
    with pytest.raises(AuthenticationError, match="operator does not allow localhost"):
        sms.send(owed(), settings)
    monkeypatch.setenv("SMS_GATEWAY_HOSTS", "sms.lan localhost")
    assert sms.send(owed(), settings).status == "sent"


def test_a_call_can_be_interrupted_and_leaves_nothing_open(sms, serve, settings_at, owed):
    def interrupt(*_: object) -> None:
        raise AmbiguousError("The time was over.")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(AmbiguousError, match="time was over"):
            sms.send(owed(), settings_at(serve(SILENCE)))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_settings_show_no_secret(twilio_at, serve):
    assert "hunter2" not in repr(twilio_at(serve()))
    assert TWILIO["twilio_token"] not in repr(twilio_at(serve()))

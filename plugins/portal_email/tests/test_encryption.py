"""Encryption is required, and the certificate must be the server's own."""

from __future__ import annotations

import pytest

from portal.channel import TemporaryError
from portal_email.tests.scripted_server import DRIP, SILENCE


@pytest.mark.parametrize("implicit", [True, False])
def test_a_trusted_certificate_is_accepted(serve, channel_to, owed, tls, trusted, implicit):
    trusted("localhost")
    server = serve(tls=tls(), implicit=implicit, features=("STARTTLS", "AUTH PLAIN"))
    channel_to(server.url("sol", "secret")).send(owed())
    assert len(server.raw) == 1
    assert ("STARTTLS" in server.talks[0]) is not implicit
    assert server.talks[0].index("STARTTLS" if not implicit else server.talks[0][0]) < (
        server.talks[0].index("AUTH PLAIN AHNvbABzZWNyZXQ=")
    )


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("trust", [None, "other.example"])
def test_a_certificate_from_nobody_is_refused(
    serve, channel_to, owed, tls, trusted, trust, implicit
):
    if trust:
        trusted(trust)
    server = serve(tls=tls(), implicit=implicit, features=("STARTTLS",))
    with pytest.raises(TemporaryError, match="certificate is not valid") as caught:
        channel_to(server).send(owed())
    assert caught.value.cause == "unreachable"
    assert server.raw == []


@pytest.mark.parametrize("implicit", [True, False])
def test_a_certificate_for_another_name_is_refused(serve, channel_to, owed, tls, trusted, implicit):
    trusted("other.example")
    server = serve(tls=tls("other.example"), implicit=implicit, features=("STARTTLS",))
    with pytest.raises(TemporaryError, match="certificate is not valid"):
        channel_to(server).send(owed())


def test_a_stripped_starttls_stops_the_message_and_the_password(serve, channel_to, owed):
    server = serve(features=("AUTH PLAIN",))
    url = server.url("sol", "secret").removesuffix("?starttls=never")
    with pytest.raises(TemporaryError, match="does not offer encryption") as caught:
        channel_to(url).send(owed())
    assert caught.value.cause == "unreachable"
    assert server.talks[0] == ["EHLO portal.acme.example"]


def test_a_refused_starttls_stops_the_message(serve, channel_to, owed):
    server = serve({"STARTTLS": "454 4.7.0 not now"}, features=("STARTTLS",))
    with pytest.raises(TemporaryError):
        channel_to(server).send(owed())
    assert server.raw == []


@pytest.mark.parametrize("way", [SILENCE, DRIP])
def test_a_server_that_hangs_at_starttls_meets_the_deadline(serve, channel_to, owed, way):
    server = serve({"STARTTLS": way}, features=("STARTTLS", "AUTH PLAIN"))
    with pytest.raises(TemporaryError, match="took too long") as caught:
        channel_to(server.url("sol", "secret"), deadline=0.2).send(owed())
    assert caught.value.cause == "timeout"
    assert not any(word.startswith("AUTH") for talk in server.talks for word in talk)


@pytest.mark.parametrize("greeting", [SILENCE, DRIP, "220 in clear"])
@pytest.mark.parametrize("implicit", [True, False])
def test_a_handshake_that_never_comes_meets_the_deadline(
    serve, channel_to, owed, greeting, implicit
):
    """A server without TLS where TLS was to be."""
    server = serve({"GREETING": greeting} if implicit else {}, features=("STARTTLS",))
    server._encrypt = lambda line: line
    url = server.url().replace("smtp://", "smtps://") if implicit else server.url()
    with pytest.raises(TemporaryError, match=r"took too long|No encrypted connection") as caught:
        channel_to(url, deadline=0.3).send(owed())
    assert caught.value.cause in {"timeout", "unreachable"}
    assert server.raw == []


def test_words_said_in_clear_before_encryption_do_not_count(serve, channel_to, owed, tls, trusted):
    trusted("localhost")
    injected = "220 go ahead\r\n250-evil\r\n250 AUTH PLAIN"
    server = serve({"STARTTLS": injected}, tls=tls(), features=("STARTTLS",))
    channel_to(server).send(owed())
    assert len(server.raw) == 1


def test_without_encryption_only_when_told_so(serve, channel_to, owed):
    server = serve(features=("STARTTLS",))
    channel_to(server.url() + "?starttls=never").send(owed())
    assert "STARTTLS" not in server.talks[0]

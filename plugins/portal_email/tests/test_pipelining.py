"""A server that takes several commands at once (RFC 2920) is told them at once, and no less."""

from __future__ import annotations

import pytest

from portal.channel import ChannelError, PermanentError, TemporaryError
from portal_email.tests.scripted_server import HANG_UP, SILENCE

AT_ONCE = ("PIPELINING",)


def test_messages_follow_each_other_on_one_line(serve, channel_to, owed):
    server = serve(features=AT_ONCE)
    channel = channel_to(server)
    for n in range(3):
        assert channel.send(owed(key=f"d-{n}")).status == "sent"
    assert len(server.talks) == 1
    assert server.talks[0].count("RSET") == 2
    assert [m["Message-ID"] for m in server.messages] == [f"<d-{n}@acme.example>" for n in range(3)]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("data", ["354 go on", "554 5.5.1 no valid recipients"])
def test_a_refusal_is_the_servers_own_and_nothing_goes_out(serve, channel_to, owed, verb, data):
    server = serve({"DATA": data, verb: "550 5.7.1 not from you"}, features=AT_ONCE)
    channel = channel_to(server)
    with pytest.raises(ChannelError) as caught:
        channel.send(owed(key="d-1"))
    assert caught.value.reply == "550 5.7.1 not from you"
    server.replies |= {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on"}
    channel.send(owed(key="d-2"))
    assert [m["Message-ID"] for m in server.messages] == ["<d-2@acme.example>"]


def test_a_refused_recipient_leaves_the_line_in_step(serve, channel_to, owed):
    replies = {"RCPT": "550 5.1.1 nobody", "DATA": "503 5.5.1 no recipients"}
    server = serve(replies, features=AT_ONCE)
    channel = channel_to(server)
    with pytest.raises(PermanentError):
        channel.send(owed(key="d-1"))
    server.replies |= {"RCPT": "250 ok", "DATA": "354 go on"}
    channel.send(owed(key="d-2"))
    assert len(server.talks) == 1
    assert len(server.raw) == 1


@pytest.mark.parametrize("answer", ["421 4.3.2 restarting", "500 what", HANG_UP])
def test_a_line_that_no_longer_works_is_replaced(serve, channel_to, owed, answer):
    server = serve({"RSET": answer}, features=AT_ONCE)
    channel = channel_to(server)
    for key in ("d-1", "d-2"):
        channel.send(owed(key=key))
    assert len(server.talks) == 2
    assert len(server.raw) == 2


def test_a_server_that_left_meanwhile_is_called_again(serve, channel_to, owed):
    server = serve(features=AT_ONCE, leaves_after=1)
    channel = channel_to(server)
    channel.send(owed(key="d-1"))
    assert server.left.wait(5)
    channel.send(owed(key="d-2"))
    assert len(server.talks) == len(server.raw) == 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("reply", [HANG_UP, SILENCE])
def test_a_server_that_stops_in_the_middle_is_tried_later(serve, channel_to, owed, verb, reply):
    server = serve({verb: reply}, features=AT_ONCE)
    with pytest.raises(TemporaryError):
        channel_to(server, deadline=0.4).send(owed())
    assert server.raw == []

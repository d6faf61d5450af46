"""Messages that arrive: what the server gets, and over how many connections."""

from __future__ import annotations

import os

import pytest

from portal.channel import AuthenticationError, PermanentError
from portal_email import connection as connections
from portal_email import portal_channels
from portal_email.tests.conftest import LINK


def test_a_message_goes_out_and_the_reply_comes_back(serve, channel_to, owed):
    server = serve()
    sent = channel_to(server).send(owed())
    assert sent.status == "sent"
    assert sent.reply == "250 2.0.0 queued as 4711"
    assert sent.provider_id == "<d-17@acme.example>"
    assert sent.show == ""
    assert server.talks[0] == [
        "EHLO portal.acme.example",
        "MAIL FROM:<portal@acme.example>",
        "RCPT TO:<carl@client.example>",
        "DATA",
    ]


def test_the_headers_say_who_and_what_and_no_more(serve, channel_to, owed):
    server = serve()
    channel_to(server).send(owed(reply_to="ada@acme.example"))
    message = server.messages[0]
    assert message.keys() == [
        "From",
        "To",
        "Subject",
        "Reply-To",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ]
    assert message["From"] == "Acme <portal@acme.example>"
    assert message["To"] == "Carl Client <carl@client.example>"
    assert message["Reply-To"] == "ada@acme.example"
    assert message["Message-ID"] == "<d-17@acme.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.utcoffset() is not None
    assert not any(part.defects for part in message.walk())


def test_the_link_survives_byte_for_byte_alone_on_its_line(serve, channel_to, owed):
    server = serve()
    channel_to(server).send(owed())
    text = server.messages[0].get_body(("plain",))
    assert LINK in text.get_content().splitlines()
    assert f"\r\n{LINK}\r\n".encode() in server.raw[0]
    assert ".A dot begins this line." in text.get_content()
    assert f'href="{LINK}"' in server.messages[0].get_body(("html",)).get_content()
    assert max(map(len, server.raw[0].split(b"\r\n"))) <= 78
    assert b"\n" not in server.raw[0].replace(b"\r\n", b"")


def test_html_on_one_endless_line_is_broken_legally(serve, channel_to, owed):
    server = serve()
    message = owed().message.__class__("Hi", LINK, "<p>" + "é" * 5000 + "</p>")
    channel_to(server).send(owed(message=message))
    assert max(map(len, server.raw[0].split(b"\r\n"))) <= 78
    assert b"\n" not in server.raw[0].replace(b"\r\n", b"")
    html = server.messages[0].get_body(("html",)).get_content()
    assert html.rstrip() == "<p>" + "é" * 5000 + "</p>"


def test_a_message_without_html_is_plain_text(serve, channel_to, owed):
    server = serve()
    channel_to(server).send(owed(message=owed().message.__class__("Hi", LINK)))
    assert server.messages[0].get_content_type() == "text/plain"


def test_a_retry_carries_the_same_message_id(serve, channel_to, owed):
    server = serve()
    for attempt in (1, 2):
        channel_to(server).send(owed(attempt=attempt))
    first, second = server.messages
    assert first["Message-ID"] == second["Message-ID"]


def test_three_messages_share_one_connection(serve, channel_to, owed):
    server = serve()
    channel = channel_to(server)
    for n in range(3):
        channel.send(owed(key=f"d-{n}"))
    assert len(server.talks) == 1
    assert server.talks[0].count("RSET") == 2
    assert [m["Message-ID"] for m in server.messages] == [f"<d-{n}@acme.example>" for n in range(3)]


def test_a_server_that_left_meanwhile_is_called_again(serve, channel_to, owed):
    server = serve(leaves_after=1)
    channel = channel_to(server)
    channel.send(owed(key="d-1"))
    assert server.left.wait(5)
    channel.send(owed(key="d-2"))
    assert len(server.talks) == 2
    assert len(server.raw) == 2


def test_a_connection_that_cannot_be_reset_is_replaced(serve, channel_to, owed):
    server = serve({"RSET": "421 4.3.2 restarting"})
    channel = channel_to(server)
    channel.send(owed(key="d-1"))
    channel.send(owed(key="d-2"))
    assert len(server.talks) == 2


@pytest.mark.parametrize(("limit", "value"), [("MOST_MESSAGES", 1), ("MOST_IDLE", -1.0)])
def test_a_worn_connection_says_goodbye_first(serve, channel_to, owed, monkeypatch, limit, value):
    monkeypatch.setattr(connections, limit, value)
    server = serve()
    channel = channel_to(server)
    channel.send(owed(key="d-1"))
    channel.send(owed(key="d-2"))
    assert len(server.talks) == 2
    assert server.talks[0][-1] == "QUIT"


def test_a_refused_message_leaves_the_connection_usable(serve, channel_to, owed):
    server = serve({"RCPT": "550 5.1.1 nobody"})
    channel = channel_to(server)
    with pytest.raises(PermanentError):
        channel.send(owed(key="d-1"))
    server.replies["RCPT"] = "250 fine"
    channel.send(owed(key="d-2"))
    assert len(server.talks) == 1


@pytest.mark.parametrize("way", ["hang up", "reset", "silence", "drip"])
def test_a_fault_at_quit_changes_nothing(serve, channel_to, owed, monkeypatch, way):
    monkeypatch.setattr(connections, "GOODBYE", 0.1)
    server = serve({"QUIT": way})
    channel = channel_to(server)
    assert channel.send(owed()).status == "sent"
    channel.close()
    assert way in {"silence", "drip"} or server.left.wait(5)
    assert len(server.raw) == 1


def test_a_child_process_opens_its_own_connection(serve, channel_to, owed):
    server = serve()
    channel = channel_to(server)
    channel.send(owed(key="d-1"))
    channel._lines._pid = os.getpid() + 1  # as after a fork: another process made it
    channel.send(owed(key="d-2"))
    assert len(server.talks) == 2
    assert "QUIT" not in server.talks[0]


def test_user_and_password_are_percent_decoded(serve, channel_to, owed):
    server = serve(features=("AUTH PLAIN",))
    channel_to(server.url("sol@acme", "pa:ss/word@%")).send(owed())
    assert "AUTH PLAIN AHNvbEBhY21lAHBhOnNzL3dvcmRAJQ==" in server.talks[0]


def test_check_signs_in_and_sends_nothing(serve, channel_to):
    server = serve(features=("AUTH PLAIN",))
    channel_to(server.url("sol", "secret")).check()
    assert server.talks[0][-1].startswith("AUTH PLAIN")
    assert server.raw == []


def test_without_a_mail_server_messages_wait(channel_to, owed):
    with pytest.raises(AuthenticationError, match="Set PORTAL_SMTP_URL"):
        channel_to("").send(owed())


@pytest.mark.parametrize(
    "url", ["http://mail", "smtp://", "smtp://u:s3cr3t@h?starttls=maybe", "smtp://u:s3cr3t@h:x"]
)
def test_a_bad_url_is_named_but_not_repeated(channel_to, owed, url):
    with pytest.raises(AuthenticationError, match="PORTAL_SMTP_URL is not understood") as caught:
        channel_to(url).send(owed())
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "hello"),
    [("127.0.0.1", "[127.0.0.1]"), ("localhost", "[127.0.0.1]"), ("::1", "[IPv6:::1]")],
)
def test_the_greeting_is_a_name_or_a_bracketed_address(serve, channel_to, owed, host, hello):
    server = serve()
    channel_to(server, portal_host=host, mail_from="").send(owed())
    assert server.talks[0][0] == f"EHLO {hello}"
    assert server.messages[0]["From"] == "Acme <no-reply@localhost>"


def test_the_plugin_brings_one_channel():
    from portal.channel import Operator

    (channel,) = portal_channels(operator=Operator())
    assert channel.id == "email"
    assert channel._deadline < channel.caps.timeout

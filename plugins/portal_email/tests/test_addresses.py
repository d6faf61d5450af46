"""Names and addresses that are not plain: beyond ASCII, hostile, or no address at all."""

from __future__ import annotations

import pytest

from portal.channel import Message, PermanentError


def test_a_sharp_s_stays_in_its_domain(serve, channel_to, owed):
    server = serve()
    channel_to(server).send(owed("carl@straße.de"))
    assert "RCPT TO:<carl@xn--strae-oqa.de>" in server.talks[0]
    assert "carl@xn--strae-oqa.de" in server.messages[0]["To"]


def test_the_local_part_is_left_alone(channel_to):
    assert channel_to("").normalise_address(" Carl.O'Neil+x@EXAMPLE.com ") == (
        "Carl.O'Neil+x@example.com"
    )


@pytest.mark.parametrize(
    "address",
    [
        "",
        "carl",
        "@client.example",
        "carl@",
        "carl@-",
        "carl@a..b",
        "carl@[127.0.0.1]",
        "carl@client.example>",
        "<carl@client.example",
        "carl@client.example\r\nRCPT TO:<mallory@evil.example>",
        "carl\r\n@client.example",
        "carl smith@client.example",
        "carl\u202e@client.example",
        "carl\u00a0x@client.example",
        "a,b@client.example",
        '"carl"@client.example',
        "é" * 40 + "@client.example",
        "carl@" + "a" * 64 + ".example",
    ],
)
def test_what_is_no_address_is_refused_before_the_server_hears_of_it(
    serve, channel_to, owed, address
):
    server = serve()
    with pytest.raises(PermanentError, match="not an e-mail address"):
        channel_to(server).send(owed(address))
    assert server.talks == []


def test_letters_beyond_ascii_need_a_server_that_takes_them(serve, channel_to, owed):
    with pytest.raises(PermanentError, match="letters beyond a to z"):
        channel_to(serve()).send(owed("jürgen@client.example"))
    server = serve(features=("SMTPUTF8", "8BITMIME"))
    channel = channel_to(server)
    channel.send(owed("jürgen@client.example"))
    channel.send(owed("carl@client.example"))
    assert "MAIL FROM:<portal@acme.example> SMTPUTF8 BODY=8BITMIME" in server.talks[0]
    assert "RCPT TO:<jürgen@client.example>" in server.talks[0]
    assert "MAIL FROM:<portal@acme.example>" in server.talks[0]
    assert "<jürgen@client.example>".encode() in server.raw[0]


HOSTILE = [
    "Carl\r\nBcc: mallory@evil.example",
    "Carl\nX-Evil: yes\n\nbody",
    "Carl\u2028X-Evil: yes",
    'Carl" <mallory@evil.example>, "x',
    "Carl <mallory@evil.example>",
    "Carl, Bea",
    "Carl\\",
    "=?utf-8?q?Carl=0D=0ABcc=3A_x?=",
    "Müller, Jürgen (Einkauf)",
    "\u202egnp.exe",
    "محمد العربي",
    "x" * 3000,
    "😀" * 300,
    "\ud800 lone",
    "\x00\x1b[31m",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(serve, channel_to, owed, name):
    server = serve()
    message = Message(name, owed().message.text, owed().message.html)
    channel_to(server).send(owed(to_name=name, sender_name=name, message=message))
    (got,) = server.messages
    assert got.keys() == [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ]
    assert [a.addr_spec for a in got["To"].addresses] == ["carl@client.example"]
    assert [a.addr_spec for a in got["From"].addresses] == ["portal@acme.example"]
    assert max(map(len, server.raw[0].split(b"\r\n"))) <= 998
    assert not {"\r", "\n", "\u202e", "\u2028", "\x00"} & set(got["Subject"])


def test_names_read_as_they_were_written(serve, channel_to, owed):
    server = serve()
    name = "Müller, Jürgen (Einkauf)"
    long = "Your invitation to the client portal of Wörter & Söhne, and some more words after it"
    message = Message(long, "text")
    channel_to(server).send(owed(to_name=name, sender_name='A "B" C.', message=message))
    (got,) = server.messages
    assert got["To"].addresses[0].display_name == name
    assert got["From"].addresses[0].display_name == 'A "B" C.'
    assert got["Subject"] == long


@pytest.mark.parametrize("reply_to", ["nonsense", "a@b\r\nBcc: x@y", "jürgen@client.example"])
def test_a_reply_to_that_cannot_be_used_is_left_out(serve, channel_to, owed, reply_to):
    server = serve()
    channel_to(server).send(owed(reply_to=reply_to))
    assert "Reply-To" not in server.messages[0]


def test_a_key_that_is_no_message_id_becomes_one(serve, channel_to, owed):
    server = serve()
    channel = channel_to(server)
    for _ in range(2):
        channel.send(owed(key="d 17>\r\nX: y"))
    first, second = (m["Message-ID"] for m in server.messages)
    assert first == second
    assert first.endswith("@acme.example>")


def test_an_account_may_send_from_a_domain_beyond_ascii(serve, channel_to, owed):
    server = serve()
    channel_to(server, mail_from="Büro <portal@büro.example>").send(owed())
    assert server.messages[0]["Message-ID"] == "<d-17@xn--bro-hoa.example>"
    assert "MAIL FROM:<portal@xn--bro-hoa.example>" in server.talks[0]

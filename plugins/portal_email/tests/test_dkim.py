"""Signatures that another implementation accepts, and that break when somebody meddles."""

from __future__ import annotations

import base64
import time
from types import SimpleNamespace

import dkim
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from portal.channel import Message, Operator
from portal_email.addresses import Address
from portal_email.channel import Email
from portal_email.dkim import signer
from portal_email.dkim_keys import private_key
from portal_email.mime import Mail
from portal_email.route import Route
from portal_email.server import Server


def pem(key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    return {
        "rsa": pem(rsa.generate_private_key(65537, 2048)),
        "ed25519": pem(ed25519.Ed25519PrivateKey.generate()),
    }


@pytest.fixture
def signed(serve, channel_to, owed, keys):
    """Sends a message through a real server; returns what arrived and what the judge says."""

    def send(kind: str = "rsa", message: Message | None = None, **changes):
        server = serve()
        names = {"dkim_domain": "acme.example", "dkim_selector": "s1", "dkim_key": keys[kind]}
        if message:
            changes["message"] = message
        channel_to(server, **names).send(owed(**changes))
        return server.raw[0]

    return send


class Ed25519:
    """What the judge wants of a library that has no place here but for this."""

    class BadSignatureError(Exception):
        pass

    class Base64Encoder:
        pass

    class VerifyKey:
        def __init__(self, key: bytes, encoder: object) -> None:
            self.key = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(key))

        def verify(self, content: bytes, signature: bytes) -> bytes:
            try:
                self.key.verify(signature, content)
            except InvalidSignature:
                raise Ed25519.BadSignatureError from None
            return content


@pytest.fixture
def judge(keys, monkeypatch):
    parts = SimpleNamespace(signing=Ed25519, encoding=Ed25519, exceptions=Ed25519)
    monkeypatch.setattr(dkim, "nacl", parts, raising=False)

    def verdict(raw: bytes, kind: str = "rsa") -> bool:
        record = signer("acme.example", "s1", keys[kind]).record.encode()
        places = {b"s1._domainkey.acme.example.": record}
        return dkim.verify(raw, dnsfunc=lambda name, timeout=5: places.get(name))

    return verdict


MESSAGES = [
    Message("Hi", "text"),
    Message("Hi", ""),
    Message("Hi", "\n\n\n"),
    Message("Hi", "ends with blanks \t \n\n \n\n"),
    Message("Hi", " begins\n\twith  two  blanks\t\tand tabs"),
    Message("Hi", ".\n..\n.dots begin these lines\n."),
    Message(
        "Ihre Einladung, größer als ein Wort und länger als siebzig Zeichen, für Björn", "Grüße"
    ),
    Message("Hi", "x" * 5000 + " " + "é" * 3000, "<p>" + "long " * 2000 + "</p>\n\n"),
    Message("  Hi   there  ", "a\r\nb\rc\n", "<p>  </p>"),
]


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
@pytest.mark.parametrize("message", MESSAGES)
def test_another_implementation_accepts_the_signature(signed, judge, kind, message):
    raw = signed(kind, message, reply_to="ada@acme.example", to_name="Müller, Jürgen")
    assert raw.startswith(
        b"DKIM-Signature: v=1; a=" + kind.encode() + b"-sha256; c=relaxed/relaxed"
    )
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert judge(raw, kind)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Subject: Sign in", b"Subject: Pay here"),
        (b"From: Acme", b"From: Evil"),
        (b"From: Acme", b"From: mallory@evil.example\r\nFrom: Acme"),
        (b"To: Carl", b"To: Dora"),
        (b"abcdefghijklmnopqrstuvwx", b"xbcdefghijklmnopqrstuvwx"),
    ],
)
@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_meddled_message_is_not_accepted(signed, judge, before, after, kind):
    raw = signed(kind)
    assert judge(raw, kind)
    assert before in raw
    assert b" h=from:from:to:" in raw  # no room for a second one
    assert not judge(raw.replace(before, after), kind)


def test_letters_beyond_ascii_before_the_at_are_signed(serve, channel_to, owed, keys, judge):
    server = serve(features=("SMTPUTF8", "8BITMIME"))
    names = {"dkim_domain": "acme.example", "dkim_selector": "s1", "dkim_key": keys["rsa"]}
    channel_to(server, **names).send(owed("jürgen@client.example"))
    assert judge(server.raw[0])


def test_an_account_signs_for_its_own_proved_domain_alone(serve, channel_to, owed, account, keys):
    server = serve()
    channel = channel_to(server)
    own = {"from_address": "hi@acme.test", "dkim_selector": "a1", "dkim_key": keys["ed25519"]}
    channel.send(owed(), account(verified="acme.test", **own))
    channel.send(owed(), account(**own))
    first, second = server.messages
    assert "d=acme.test; s=a1;" in first["DKIM-Signature"]
    assert second["DKIM-Signature"] is None


def test_the_operators_key_is_not_for_an_accounts_own_sender_and_server(
    serve, channel_to, owed, account, keys
):
    server, own = serve(), serve()
    names = {"dkim_domain": "acme.example", "dkim_selector": "s1", "dkim_key": keys["rsa"]}
    channel = channel_to(server, **names)
    proved = {"verified": "acme.test", "from_address": "hi@acme.test"}
    channel.send(owed(), account(**proved))
    channel.send(owed(), account(own, **proved))
    assert "d=acme.example" in server.messages[0]["DKIM-Signature"]
    assert own.messages[0]["DKIM-Signature"] is None


def test_a_key_on_one_line_is_read_as_a_form_leaves_it(keys):
    for text in keys.values():
        flat = text.replace("\n", " ").strip()
        assert pem(private_key(flat)) == text
        assert pem(private_key(text.replace("\n", ""))) == text


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "not a private key"),
        ("hunter2", "not a private key"),
        ("-----BEGIN PRIVATE KEY-----hunter2-----END PRIVATE KEY-----", "not a private key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "RSA or an Ed25519"),
        (pem(dsa.generate_private_key(1024)), "RSA or an Ed25519"),
    ],
)
def test_what_cannot_sign_is_named_but_not_repeated(key, words):
    with pytest.raises(ValueError, match=words) as caught:
        private_key(key)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_key_shows_in_a_text_form(keys):
    operator = Operator(dkim_key=keys["rsa"])
    assert "PRIVATE" not in repr(operator) + repr(signer("a.example", "s", keys["rsa"]))
    assert "PRIVATE" not in repr(vars(Email(operator)))


def test_signing_costs_less_than_a_round_trip(owed, keys):
    """The judge's own signer takes some 7 ms of RSA; with it two workers could not fill a line."""
    request, to = owed(), Address("carl", "client.example")
    server, sender = Server("localhost", 25, "never"), Address("portal", "acme.example")
    route = Route(server, sender, signer=signer("acme.example", "s1", keys["rsa"]))
    Mail(request, to, route, None).as_bytes()
    started = time.process_time()
    for _ in range(50):
        Mail(request, to, route, None).as_bytes()
    assert (time.process_time() - started) / 50 < 0.003

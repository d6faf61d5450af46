"""Accounts with servers, senders and bounce addresses of their own, and none of another's."""

from __future__ import annotations

import pytest

from portal.channel import AuthenticationError, Operator, Settings
from portal_email.channel import Email
from portal_email.server import Server

KEY = f"delivery-17-{'0123456789abcdef' * 2}"
TAG = "d17-aerukz4jvpg66ajdivtytk6n54"


def test_an_account_without_settings_uses_the_operators_server(serve, channel_to, owed, account):
    server = serve()
    channel_to(server).send(owed(), account())
    assert len(server.raw) == 1


def test_an_accounts_own_server_gets_its_mail_and_password(serve, channel_to, owed, account):
    operators, own = serve(), serve(features=("AUTH PLAIN",))
    settings = account(own, smtp_user="ada", smtp_password="hers")
    channel_to(operators).send(owed(), settings)
    assert operators.talks == []
    assert "AUTH PLAIN AGFkYQBoZXJz" in own.talks[0]
    assert len(own.raw) == 1


def test_two_accounts_never_share_a_line_or_a_password(serve, channel_to, owed, account):
    """Both use one provider, under two names: what is asked of whom is told by the sign-ins."""
    server = serve(features=("AUTH PLAIN",))
    channel = channel_to("")
    ada = account(server, smtp_user="ada", smtp_password="hers")
    bea = account(server, slug="birch", smtp_user="bea", smtp_password="own")
    for settings, to in [(ada, "carl@a.example"), (bea, "dora@b.example")] * 3:
        channel.send(owed(to), settings)
    assert len(server.talks) == 2
    for_ada, for_bea = server.talks
    assert "AUTH PLAIN AGFkYQBoZXJz" in for_ada
    assert "AUTH PLAIN AGJlYQBvd24=" in for_bea
    assert {word for word in for_ada if word.startswith("RCPT")} == {"RCPT TO:<carl@a.example>"}
    assert {word for word in for_bea if word.startswith("RCPT")} == {"RCPT TO:<dora@b.example>"}


def test_a_changed_password_is_tried_on_a_fresh_line(serve, channel_to, owed, account):
    server = serve(features=("AUTH PLAIN",))
    channel = channel_to("")
    for password in ("old", "new"):
        channel.send(owed(), account(server, smtp_user="ada", smtp_password=password))
    assert len(server.talks) == 2


@pytest.mark.parametrize("host", ["mail.example.com", "10.0.0.1", "localhost.example.com"])
def test_no_password_goes_in_clear_to_another_machine(channel_to, owed, account, host):
    settings = account(smtp_host=host, smtp_encryption="never", smtp_user="a", smtp_password="b")
    with pytest.raises(
        AuthenticationError, match="Without encryption only a server on this"
    ) as got:
        channel_to("").send(owed(), settings)
    assert got.value.cause == "not_allowed"


def test_a_proved_from_address_is_used(serve, channel_to, owed, account):
    server = serve()
    settings = account(verified="acme.test", from_address="hi@acme.test", from_name="Ada's Firm")
    channel_to(server).send(owed(), settings)
    assert server.messages[0]["From"] == "Ada's Firm <hi@acme.test>"
    assert server.messages[0]["Message-ID"] == "<d-17@acme.test>"
    assert "MAIL FROM:<hi@acme.test>" in server.talks[0]


@pytest.mark.parametrize("verified", ["", "other.test", "test", "shop.acme.test", "xacme.test"])
@pytest.mark.parametrize("own_server", [True, False])
def test_a_from_address_that_is_not_proved_is_never_used(
    serve, channel_to, owed, account, verified, own_server
):
    operators, own = serve(), serve()
    settings = account(own if own_server else None, verified=verified, from_address="ceo@acme.test")
    channel_to(operators).send(owed(), settings)
    server = own if own_server else operators
    assert "MAIL FROM:<portal@acme.example>" in server.talks[0]
    assert server.messages[0]["From"] == "Acme <portal@acme.example>"
    assert b"acme.test" not in server.raw[0]


def test_the_bounce_address_names_the_delivery(serve, channel_to, owed, account):
    server = serve()
    settings = account(verified="acme.test", from_address="hi@acme.test")
    channel_to(server, bounce_address="bounces@portal.example").send(owed(key=KEY), settings)
    assert f"MAIL FROM:<bounces+{TAG}@portal.example>" in server.talks[0]
    assert server.messages[0]["From"] == "Acme <hi@acme.test>"
    assert server.messages[0]["Message-ID"] == f"<{KEY}@acme.test>"


def test_an_accounts_bounce_address_needs_its_own_server_or_domain(
    serve, channel_to, owed, account
):
    operators, own = serve(), serve(features=("AUTH PLAIN",))
    channel = channel_to(operators, bounce_address="bounces@portal.example")
    wanted = {"bounce_address": "back@mail.acme.test"}
    channel.send(owed(key=KEY), account(own, smtp_user="ada", smtp_password="hers", **wanted))
    channel.send(owed(key=KEY), account(verified="acme.test", **wanted))
    channel.send(owed(key=KEY), account(verified="me.test", **wanted))
    assert f"MAIL FROM:<back+{TAG}@mail.acme.test>" in own.talks[0]
    mine, others = [word for word in operators.talks[0] if word.startswith("MAIL")]
    assert mine == f"MAIL FROM:<back+{TAG}@mail.acme.test>"
    assert others == f"MAIL FROM:<bounces+{TAG}@portal.example>"


def test_the_operators_server_by_another_name_is_no_way_around_the_proof(
    serve, channel_to, owed, account
):
    """It may take anything from the portal's machine without a sign-in."""
    operators = serve()
    settings = account(operators, bounce_address="ceo@other.test", from_address="ceo@other.test")
    channel_to(operators).send(owed(key=KEY), settings)
    assert "MAIL FROM:<portal@acme.example>" in operators.talks[0]


def test_the_operators_bounce_address_is_not_for_an_accounts_own_server(
    serve, channel_to, owed, account
):
    """Its SPF record does not name that server."""
    own = serve()
    settings = account(own, verified="acme.test", from_address="hi@acme.test")
    channel_to("", bounce_address="bounces@portal.example").send(owed(key=KEY), settings)
    assert "MAIL FROM:<hi@acme.test>" in own.talks[0]


def test_a_server_with_dsn_is_told_the_key_and_not_to_return_the_link(serve, channel_to, owed):
    server = serve(features=("DSN",))
    channel = channel_to(server, bounce_address="b@portal.example")
    channel.send(owed(key=KEY))
    expected = f"MAIL FROM:<b+{TAG}@portal.example> RET=HDRS ENVID={KEY}"
    assert expected in server.talks[0]


def test_sharp_s_idn_and_plus_reach_their_owner_through_an_own_server(
    serve, channel_to, owed, account
):
    own = serve(features=("SMTPUTF8", "8BITMIME", "AUTH PLAIN"))
    settings = account(
        own, smtp_user="ada", smtp_password="hers", bounce_address="zurück@straße.de"
    )
    channel = channel_to("")
    for to in ("carl@straße.de", "carl+portal@BÜCHER.example", "Carl.O'Neil@example.com"):
        channel.send(owed(channel.normalise_address(to), key=KEY), settings)
    taken = [word for word in own.talks[0] if word.startswith("RCPT")]
    assert taken == [
        "RCPT TO:<carl@xn--strae-oqa.de>",
        "RCPT TO:<carl+portal@xn--bcher-kva.example>",
        "RCPT TO:<Carl.O'Neil@example.com>",
    ]
    sender = f"MAIL FROM:<zurück+{TAG}@xn--strae-oqa.de> SMTPUTF8 BODY=8BITMIME"
    assert sender in own.talks[0]


def test_a_server_with_a_sharp_s_is_not_the_one_without(account):
    found = Server.of(account(smtp_host="Mail.Straße.de"))
    assert found.host == "mail.xn--strae-oqa.de"
    assert Server.from_url("smtp://mail.straße.de").host == "mail.xn--strae-oqa.de"
    assert Server.of(account(smtp_host="::1")).host == "::1"


def test_it_is_ready_with_a_server_of_either(account):
    assert Email(Operator(smtp_url="smtp://mail.example")).is_ready(account())
    assert Email(Operator()).is_ready(account(smtp_host="mail.example"))
    assert not Email(Operator()).is_ready(account(from_address="hi@acme.test"))
    assert not Email(Operator()).is_ready(Settings())


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        ({"bounce_address": "nonsense"}, "PORTAL_BOUNCE_ADDRESS is not an e-mail address"),
        ({"mail_from": "non sense"}, "PORTAL_MAIL_FROM is not an e-mail address"),
        (
            {"dkim_domain": "acme.example", "dkim_selector": "s", "dkim_key": "no key"},
            "PORTAL_DKIM_KEY cannot sign: This is not a private key",
        ),
    ],
)
def test_what_the_operator_set_wrongly_is_named(serve, channel_to, owed, operator, words):
    with pytest.raises(AuthenticationError, match=words) as caught:
        channel_to(serve(), **operator).send(owed())
    assert caught.value.cause == "not_allowed"

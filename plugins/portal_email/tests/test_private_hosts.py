"""Where an account's own servers may be: not inside the operator's network, unless that is told."""

from __future__ import annotations

import pytest

from portal.channel import AuthenticationError, Operator
from portal_email.channel import Email

WORDS = "is a private address. The operator can allow it in PORTAL_PRIVATE_HOSTS."


def test_an_accounts_own_server_is_not_inside_the_operators_network(
    serve, channel_to, account, owed
):
    server = serve()
    settings = account(server)
    with pytest.raises(AuthenticationError, match=WORDS) as caught:
        channel_to("smtp://mail.example", private_hosts=()).send(owed(), settings)
    assert caught.value.cause == "not_allowed"
    with pytest.raises(AuthenticationError, match=WORDS):
        channel_to("smtp://mail.example", private_hosts=("mail.lan",)).check(settings)
    assert server.talks == []
    for listed in ("localhost", "*"):
        channel_to("smtp://mail.example", private_hosts=(listed,)).send(owed(), settings)


def test_the_operators_own_server_may_be_anywhere(serve, channel_to, owed):
    assert channel_to(serve(), private_hosts=()).send(owed()).status == "sent"


def test_an_account_never_travels_on_the_operators_line(serve, channel_to, account, owed):
    """Whoever types the very server of the operator is held to the rules for accounts."""
    server = serve()
    channel = channel_to(server, private_hosts=())
    channel.send(owed())
    with pytest.raises(AuthenticationError, match=WORDS):
        channel.send(owed(), account(server))


def test_an_accounts_bounce_mailbox_is_not_inside_the_operators_network(serve, account):
    server = serve()
    mailbox = {"bounce_host": "127.0.0.1", "bounce_port": server.port, "bounce_user": "acme"}
    channel = Email(Operator(private_hosts=()))
    with pytest.raises(AuthenticationError, match=WORDS):
        list(channel.poll(account(**mailbox)))
    assert server.talks == []


@pytest.mark.parametrize(
    ("host", "address", "may"),
    [
        ("mail.example", "8.8.8.8", True),
        ("mail.example", "2001:4860:4860::8888", True),
        ("mail.lan", "10.0.0.7", True),
        ("MAIL.LAN", "10.0.0.7", True),
        ("other.lan", "10.0.0.5", True),
        ("other.lan", "10.0.0.7", False),
        ("localhost", "127.0.0.1", False),
        ("metadata", "169.254.169.254", False),
        ("shared", "100.64.0.1", False),
        ("all", "0.0.0.0", False),
        ("group", "224.0.0.1", False),
        ("here", "::1", False),
        ("link", "fe80::1%eth0", False),
        ("mapped", "::ffff:10.0.0.7", False),
        ("nat64", "64:ff9b::a00:7", False),
        ("6to4", "2002:a00:7::1", False),
    ],
)
def test_what_is_private_is_told_by_the_address(host, address, may):
    operator = Operator(private_hosts=("mail.lan", "10.0.0.5"))
    assert operator.may_reach(host, address) is may

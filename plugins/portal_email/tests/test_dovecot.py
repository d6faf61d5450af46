"""Bounces fetched from a real IMAP server, encrypted both ways."""

from __future__ import annotations

import pytest

from portal.channel import AuthenticationError, Settings, TemporaryError
from portal_email.tests.bounces import EXCHANGE, EXIM, KEY, complaint
from portal_email.tests.scripted_imap import NOT_A_MESSAGE
from tests.dovecot import PASSWORD


@pytest.fixture
def mailbox(dovecot_server, monkeypatch, request):
    """A mailbox of the test's own on a server whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot_server.certificate))
    return request.node.name.replace("[", "-").rstrip("]")[-60:]


def test_bounces_are_fetched_and_marked_as_read(dovecot_server, mailbox, channel_to):
    for name, message in (("1", EXIM), ("2", NOT_A_MESSAGE), ("3", complaint())):
        dovecot_server.deliver(mailbox, message, name=name)
    channel = channel_to("", bounce_mailbox=dovecot_server.url(mailbox))
    found = list(channel.poll(Settings()))
    assert [(receipt.status, receipt.key) for receipt in found] == [
        ("bounced", KEY),
        ("complained", KEY),
    ]
    assert dovecot_server.read_of(mailbox) == []
    dovecot_server.deliver(mailbox, EXCHANGE, name="4")
    assert [receipt.cause for receipt in channel.poll(Settings())] == ["no_domain"]
    assert dovecot_server.read_of(mailbox) == ["1", "3"]
    assert list(channel.poll(Settings())) == []
    assert dovecot_server.read_of(mailbox) == ["1", "3", "4"]


@pytest.mark.parametrize("encryption", ["starttls", "implicit", "never"])
def test_an_accounts_mailbox_is_reached_each_way(
    dovecot_server, mailbox, channel_to, account, encryption
):
    dovecot_server.deliver(mailbox, EXIM + b"x" * 2_000_000, name="1")
    settings = account(
        bounce_host="localhost",
        bounce_port=dovecot_server.imaps if encryption == "implicit" else dovecot_server.port,
        bounce_encryption=encryption,
        bounce_user=mailbox,
        bounce_password=PASSWORD,
    )
    (receipt,) = channel_to("").poll(settings)
    assert receipt.key == KEY


def test_a_certificate_from_nobody_is_refused(
    dovecot_server, mailbox, channel_to, monkeypatch, certificates
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates["other.example"]))
    channel = channel_to("", bounce_mailbox=dovecot_server.url(mailbox))
    with pytest.raises(TemporaryError, match="certificate is not valid") as caught:
        list(channel.poll(Settings()))
    assert caught.value.cause == "unreachable"


def test_a_wrong_password_and_a_missing_folder_are_named(dovecot_server, mailbox, channel_to):
    url = dovecot_server.url(mailbox).replace("s3cret", "wrong")
    with pytest.raises(AuthenticationError, match="user name and password") as caught:
        list(channel_to("", bounce_mailbox=url).poll(Settings()))
    assert caught.value.cause == "sign_in"
    with pytest.raises(AuthenticationError, match="no folder Nowhere"):
        list(channel_to("", bounce_mailbox=dovecot_server.url(mailbox, "Nowhere")).poll(Settings()))


def test_a_restart_of_the_server_loses_nothing(dovecot_server, mailbox, channel_to):
    channel = channel_to("", bounce_mailbox=dovecot_server.url(mailbox))
    assert list(channel.poll(Settings())) == []
    dovecot_server.deliver(mailbox, EXIM, name="1")
    dovecot_server.restart()
    assert [receipt.key for receipt in channel.poll(Settings())] == [KEY]

"""The channels that come with Portico keep the contract that everybody's do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from portal.channel import Channel, Operator, ReceiptRequest, Settings
from portal.testing import ChannelContract
from portal_clipboard import Clipboard
from portal_email.channel import Email

BOUNCE = b"""From: MAILER-DAEMON@mx.carter.example
To: bounces+k-d1@acme.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

There is no such mailbox.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.carter.example

Final-Recipient: rfc822; carl@carter.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such mailbox

--b--
"""


class EmailContract(ChannelContract):
    channel: ClassVar[Any] = Email
    server = "smtp"
    bad_addresses = ("carl", "carl@", "carl@a@b.example")
    bad_settings: ClassVar[Mapping[str, Any]] = {"from_address": "nobody"}
    receipts_are_signed = False

    def make(self, server: str) -> Channel:
        url = f"smtp://ada:the-operators-password@{server or '127.0.0.1:1'}?starttls=never"
        return Email(Operator(smtp_url=url, mail_from="portal@acme.example"), deadline=1.0)

    def receipt(self, settings: Settings) -> ReceiptRequest:
        headers = {"content-type": "message/rfc822"}
        return ReceiptRequest("POST", "https://portal.example/", headers, BOUNCE, key="d1")


class TestEmailByTheOperatorsServer(EmailContract):
    settings: ClassVar[Mapping[str, Any]] = {"smtp_user": ""}
    test_a_blank_secret_is_kept = None  # type: ignore[assignment]  # there is none


class TestEmailByTheAccountsOwnServer(EmailContract):
    settings: ClassVar[Mapping[str, Any]] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": "{port}",
        "smtp_encryption": "never",
        "smtp_user": "ada",
        "smtp_password": "the-accounts-password",
    }

    def make(self, server: str) -> Channel:
        return Email(Operator(mail_from="portal@acme.example"), deadline=1.0)


class TestClipboard(ChannelContract):
    channel: ClassVar[Any] = Clipboard

"""The channel keeps the contract that every channel has to keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from portal.channel import Channel, Operator, ReceiptRequest, Settings
from portal.testing import ChannelContract
from portal_email.channel import Email
from portal_email.lookup import Dns
from portal_email.tests.bounces import EXIM


class TestEmail(ChannelContract):
    channel: ClassVar[Any] = Email
    server = "smtp"
    settings: ClassVar[Mapping[str, Any]] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": "{port}",
        "smtp_encryption": "never",
        "smtp_user": "ada",
        "smtp_password": "correct-horse",
        "from_address": "hi@acme.example",
        "bounce_address": "back@acme.example",
    }
    bad_settings: ClassVar[Mapping[str, Any]] = {"smtp_host": "smtp://mail.example"}
    bad_addresses = ("carl", "carl@", "@carter.example", "carl@carter.example\r\nRCPT TO:<x@y.z>")
    receipts_are_signed = False

    def make(self, server: str) -> Channel:
        nowhere = Dns([("127.0.0.1", 9)], patience=0.1)
        made = Email(Operator(mail_from="portal@portal.example"), deadline=1.5, dns=nowhere)
        made.caps = replace(made.caps, timeout=2)  # type: ignore[misc]
        return made

    def receipt(self, settings: Settings) -> ReceiptRequest:
        headers = {"content-type": "message/rfc822"}
        return ReceiptRequest("POST", "https://portal.example/hooks/email/k", headers, EXIM)

"""Both providers keep the contract of all channels."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any, ClassVar
from urllib.parse import urlencode

from portal.channel import Channel, ReceiptRequest, Settings
from portal.testing import Answer, ChannelContract
from portal_sms.channel import Sms
from portal_sms.form import SmsForm
from portal_sms.tests.conftest import CARL, RECEIPTS
from portal_sms.tests.conftest import TWILIO as ACCOUNT
from portal_sms.twilio_callbacks import signature

SHOWN = {field.name: field.data for field in SmsForm() if field.name != "keep_special"} | {
    "gateway_secret": "hunter2/hunter2",
    "gateway_proof_secret": "shared with the gateway",
    "twilio_token": ACCOUNT["twilio_token"],
}


class TestTwilio(ChannelContract):
    channel = Sms
    to = CARL
    bad_addresses = ("carl", "+44", "+18095551234")
    settings: ClassVar[Any] = SHOWN | ACCOUNT | {"country": "GB", "template_self": "{code} {link}"}
    bad_settings: ClassVar[Any] = {"twilio_sid": "hello", "template_login": "no link"}
    answers: ClassVar[Any] = {"accepted": Answer(201, {"sid": "SM1", "status": "queued"})}

    def make(self, server: str) -> Channel:
        os.environ["SMS_TWILIO_URL"] = server  # every test begins without it
        return super().make(server)

    def receipt(self, settings: Settings) -> ReceiptRequest:
        fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
        signed = f"{RECEIPTS}MessageSidSM1MessageStatusdelivered"
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": signature(signed, settings["twilio_token"]).decode(),
        }
        body = urlencode(fields).encode()
        return ReceiptRequest("POST", RECEIPTS, headers, body, form=fields, key="d-17")


class TestGateway(ChannelContract):
    channel = Sms
    to = CARL
    bad_addresses = ("carl", "+44", "+18095551234")
    settings: ClassVar[Any] = SHOWN | {
        "provider": "gateway",
        "country": "GB",
        "gateway_url": "{server}/send?to={to}&text={text}&key={secret}",
        "gateway_method": "POST",
        "gateway_headers": "Authorization: Bearer {secret}",
        "gateway_body_kind": "json",
        "gateway_body": '{"sms": {"to": "{to}", "text": "{text}"}}',
        "gateway_proof": "hmac",
        "gateway_proof_header": "X-Signature",
    }
    bad_settings: ClassVar[Any] = {"gateway_url": "ftp://sms.example", "gateway_pattern": "("}

    def receipt(self, settings: Settings) -> ReceiptRequest:
        body = b'{"status": "delivered"}'
        secret = settings["gateway_proof_secret"].encode()
        proof = hmac.digest(secret, body, hashlib.sha256).hex()
        return ReceiptRequest("POST", RECEIPTS, {"x-signature": proof}, body, key="d-17")

"""Twilio: what we ask of it, what it refuses, and what it calls back with."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest

from portal.channel import (
    AuthenticationError,
    ForgedError,
    PermanentError,
    ReceiptRequest,
    Settings,
    TemporaryError,
)
from portal_sms.channel import Sms
from portal_sms.tests.conftest import CARL, LINK, RECEIPTS, TWILIO
from portal_sms.twilio_callbacks import signature
from portal_sms.twilio_codes import CODES

SID = "SM" + 32 * "b"
CREATED = json.dumps({"sid": SID, "status": "queued", "body": f"go to {LINK}"})


def test_a_message_is_created_as_twilio_wants_it(sms, serve, twilio_at, owed):
    server = serve(201, CREATED)
    sent = sms.send(owed(), twilio_at(server))
    assert (sent.status, sent.provider_id, sent.reply) == ("sent", SID, "201 queued")
    (request,) = server.requests
    assert request.method == "POST"
    assert request.target == f"/2010-04-01/Accounts/{TWILIO['twilio_sid']}/Messages.json"
    pair = f"{TWILIO['twilio_sid']}:{TWILIO['twilio_token']}"
    assert request.headers["authorization"] == f"Basic {base64.b64encode(pair.encode()).decode()}"
    assert request.form == {
        "To": CARL,
        "From": "+447400123400",
        "Body": f"Acme: sign in at {LINK} now.",
        "StatusCallback": RECEIPTS,
    }


def test_a_messaging_service_takes_the_place_of_the_sender(sms, serve, twilio_at, owed):
    server = serve(201, CREATED)
    sms.send(owed(), twilio_at(server, twilio_from="MG" + 32 * "c"))
    assert server.requests[0].form["MessagingServiceSid"] == "MG" + 32 * "c"
    assert "From" not in server.requests[0].form


@pytest.mark.parametrize("url", ["", "http://localhost:8000/hooks/x", "http://127.0.0.1:8000/h"])
def test_twilio_is_not_told_an_address_it_cannot_call(sms, serve, twilio_at, owed, url):
    server = serve(201, CREATED)
    sms.send(owed(receipt_url=url), twilio_at(server))
    assert "StatusCallback" not in server.requests[0].form


@pytest.mark.parametrize(
    ("status", "code", "error", "cause"),
    [
        (400, 21211, PermanentError, "bad_address"),
        (400, 21614, PermanentError, "no_mailbox"),
        (400, 21610, PermanentError, "opted_out"),
        (403, 21408, PermanentError, "not_allowed"),
        (400, 21608, PermanentError, "not_allowed"),
        (400, 21617, PermanentError, "too_large"),
        (400, 21612, PermanentError, "refused"),
        (401, 20003, AuthenticationError, "sign_in"),
        (404, 20404, AuthenticationError, "sign_in"),
        (400, 21606, AuthenticationError, "sender_checks"),
        (400, 21659, AuthenticationError, "sender_checks"),
        (429, 20429, TemporaryError, "busy"),
        (400, 21611, TemporaryError, "busy"),
        (400, 99999, PermanentError, "refused"),
        (401, None, AuthenticationError, "sign_in"),
        (500, "odd", TemporaryError, "busy"),
    ],
)
def test_a_code_says_more_than_a_status(sms, serve, twilio_at, owed, status, code, error, cause):
    told = {"code": code, "message": f"No {LINK}, {TWILIO['twilio_token']}.", "status": status}
    server = serve(status, json.dumps(told), {"Retry-After": "7"})
    with pytest.raises(error) as caught:
        sms.send(owed(), twilio_at(server))
    assert (type(caught.value), caught.value.cause) == (error, cause)
    assert caught.value.reply == f"{code} No …, …."
    if error is TemporaryError and code != "odd":
        assert caught.value.retry_after == 7


def test_each_code_has_one_plain_sentence():
    for meaning in CODES.values():
        assert meaning.reason.endswith(".")
        assert meaning.reason[0].isupper()


def test_an_echoed_code_and_a_cut_link_are_struck_out(sms, serve, twilio_at, owed):
    words = f"Body: {LINK[:-9]} code 4821%209035, 48219035 or 4821 9035"
    server = serve(400, json.dumps({"code": 21617, "message": words}))
    with pytest.raises(PermanentError) as caught:
        sms.send(owed(kind="self", code="4821 9035"), twilio_at(server))
    assert caught.value.reply == "21617 Body: … code …, … or …"


def test_check_asks_for_the_account_and_sends_nothing(sms, serve, twilio_at):
    server = serve(200, json.dumps({"status": "active", "type": "Trial"}))
    report = sms.check(twilio_at(server, template_login="\u2019" * 161 + " {link} "))
    assert server.requests[0].target == f"/2010-04-01/Accounts/{TWILIO['twilio_sid']}.json"
    titles = [finding.title for finding in report.findings]
    assert titles[0] == "Twilio accepts the account SID and the auth token."
    assert titles[1:3] == ["This is a trial account.", "Messages go to numbers in United Kingdom."]
    assert titles[3].startswith("The login message has more than one segment: 2 segments")


@pytest.mark.parametrize(
    ("status", "told"),
    [(401, {"code": 20003}), (200, {"status": "suspended"}), (404, {"code": 20404})],
)
def test_check_says_that_twilio_does_not_accept_us(sms, serve, twilio_at, status, told):
    with pytest.raises(AuthenticationError) as caught:
        sms.check(twilio_at(serve(status, json.dumps(told))))
    assert caught.value.cause == "sign_in"


@pytest.mark.parametrize("missing", ["twilio_sid", "twilio_token", "twilio_from"])
def test_without_its_settings_it_is_not_ready(sms, owed, missing):
    settings = Settings(TWILIO | {missing: ""})
    assert not sms.is_ready(settings)
    assert sms.is_ready(Settings(TWILIO))
    assert not sms.is_ready(Settings())
    for verb in (lambda: sms.send(owed(), settings), lambda: sms.check(settings)):
        with pytest.raises(AuthenticationError, match="not set up"):
            verb()


# --- status callbacks -----------------------------------------------------------------------------


def callback(url: str = RECEIPTS, *, token: str = TWILIO["twilio_token"], **fields: str):
    fields = {"MessageSid": SID, "AccountSid": TWILIO["twilio_sid"], "Empty": ""} | fields
    form = "".join(f"{name}{fields[name]}" for name in sorted(fields))
    headers = {"x-twilio-signature": signature(url + form, token).decode()}
    return ReceiptRequest("POST", url, headers, urlencode(fields).encode(), key="d-17")


def receipts(request: ReceiptRequest, **settings: str):
    return list(Sms().parse_receipt(request, Settings(TWILIO | settings)))


def test_the_signature_is_the_one_of_twilios_own_example():
    """The example of https://www.twilio.com/docs/usage/security#validating-requests."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    form = "".join(f"{name}{fields[name]}" for name in sorted(fields))
    assert signature(url + form, "12345") == b"RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    ("said", "code", "status", "cause"),
    [
        ("queued", "", "sent", ""),
        ("sent", "", "sent", ""),
        ("delivered", "", "delivered", ""),
        ("undelivered", "30003", "bounced", "mailbox_off"),
        ("undelivered", "30005", "bounced", "no_mailbox"),
        ("undelivered", "30006", "bounced", "no_mailbox"),
        ("failed", "21610", "bounced", "opted_out"),
        ("undelivered", "30007", "failed", "spam"),
        ("undelivered", "30034", "failed", "sender_checks"),
        ("failed", "30002", "failed", "sign_in"),
        ("undelivered", "30008", "failed", ""),
        ("failed", "77777", "failed", ""),
        ("failed", "odd", "failed", ""),
        ("failed", "", "failed", ""),
        ("canceled", "", "failed", ""),
    ],
)
def test_a_status_callback_becomes_a_receipt(said, code, status, cause):
    (receipt,) = receipts(callback(MessageStatus=said, ErrorCode=code))
    assert (receipt.status, receipt.cause) == (status, cause)
    assert (receipt.key, receipt.provider_id) == ("d-17", SID)
    assert receipt.reason.endswith(".") or status in {"sent", "delivered"}
    assert receipt.reply == f"{said} {code}".strip()


def test_a_forged_callback_is_refused():
    good = callback(MessageStatus="delivered")
    assert receipts(good)
    changed = good.body.replace(b"delivered", b"undelivered")
    other = RECEIPTS.replace("d-17", "d-18")
    forged = [
        ReceiptRequest("POST", good.url, good.headers, changed, key="d-17"),
        ReceiptRequest("POST", good.url, {}, good.body, key="d-17"),
        ReceiptRequest("POST", good.url, {"x-twilio-signature": "é"}, good.body, key="d-17"),
        ReceiptRequest("POST", other, good.headers, good.body, key="d-18"),
        ReceiptRequest("POST", good.url, good.headers, good.body + b"&More=1", key="d-17"),
        callback(MessageStatus="delivered", token="another"),
    ]
    for request in forged:
        with pytest.raises(ForgedError):
            receipts(request)
    with pytest.raises(ForgedError):
        receipts(callback(MessageStatus="delivered", token=""), twilio_token="")


def test_twilio_may_leave_out_the_port():
    url = "https://portal.acme.example:8443/hooks/sms/s3cretkey/d-17"
    signed = callback(url.replace(":8443", ""), MessageStatus="sent")
    assert receipts(ReceiptRequest("POST", url, signed.headers, signed.body, key="d-17"))


@pytest.mark.parametrize("fields", [{"MessageStatus": "dancing"}, {}, {"MessageSid": ""}])
def test_a_callback_without_sense_is_told_so(fields):
    with pytest.raises(ValueError, match="callback"):
        receipts(callback(**fields))

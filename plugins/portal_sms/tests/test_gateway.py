"""Any HTTP gateway: what is asked of it, what its answers mean, and what its callbacks say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

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
from portal_sms.tests.conftest import CARL, GATEWAY, LINK, RECEIPTS

TEXT = f"Acme: sign in at {LINK} now."


def test_placeholders_of_the_address_are_escaped(sms, serve, gateway_at, owed):
    server = serve(200)
    url = (
        f"{server.url}/u/{{from}}?to={{to}}&d={{digits}}&t={{text}}&id={{id}}"
        "&cb={receipt_url}%3Fs%3D%25d&c={coding}&k={secret}"
    )
    sms.send(
        owed(short=f"a&b=c #1 100% {{to}} {LINK} \u00e9\r\n"),
        gateway_at(server, gateway_url=url, gateway_from="A/B?c"),
    )
    (request,) = server.requests
    assert request.method == "GET"
    assert request.target.startswith("/u/A%2FB%3Fc?to=%2B447400123456&")
    assert request.query == {
        "to": CARL,
        "d": CARL[1:],
        "t": f"a&b=c #1 100% {{to}} {LINK} \u00e9\r\n",
        "id": "d-17",
        "cb": f"{RECEIPTS}?s=%d",
        "c": "0",
        "k": "hunter2/hunter2",
    }
    assert request.headers["host"] == server.url.removeprefix("http://")
    assert "content-length" not in request.headers


def test_another_script_is_told_by_its_coding(sms, serve, gateway_at, owed):
    server = serve(200)
    url = server.url + "/?to={to}&c={coding}&t={text}"
    sms.send(
        owed(to_name="Карл"), gateway_at(server, gateway_url=url, template_login="{name} {link}")
    )
    assert server.requests[0].query == {"to": CARL, "c": "2", "t": f"Карл {LINK}"}


def test_a_form_and_headers_are_filled(sms, serve, gateway_at, owed):
    server = serve(202)
    settings = gateway_at(
        server,
        gateway_method="POST",
        gateway_url=server.url + "/v1",
        gateway_headers="Authorization: Bearer {secret}\n\nX-Id: {id}\nContent-Length: 3",
        gateway_body_kind="form",
        gateway_body="recipient={to}\nmessage={text}\nfixed=a=b&c",
    )
    sms.send(owed(), settings)
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/v1")
    assert request.form == {"recipient": CARL, "message": TEXT, "fixed": "a=b&c"}
    assert request.headers["authorization"] == "Bearer hunter2/hunter2"
    assert request.headers["x-id"] == "d-17"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["content-length"] == str(len(request.body))


def test_json_is_filled_inside_its_strings(sms, serve, gateway_at, owed):
    server = serve(200)
    document = {"to": ["{to}"], "sms": {"text": "<{text}>", "n": 1, "ok": None}}
    settings = gateway_at(
        server,
        gateway_method="PUT",
        gateway_url=server.url,
        gateway_body_kind="json",
        gateway_body=json.dumps(document),
    )
    odd = f'He said "hi" \\ {{to}}\n{LINK}'
    sms.send(owed(short=odd), settings)
    (request,) = server.requests
    assert (request.method, request.target) == ("PUT", "/")
    assert json.loads(request.body) == {
        "to": [CARL],
        "sms": {"text": f"<{odd}>", "n": 1, "ok": None},
    }
    assert request.headers["content-type"] == "application/json"


def test_a_value_cannot_end_a_header(sms, serve, gateway_at, owed):
    server = serve(200)
    settings = gateway_at(server, gateway_headers="X-Text: {text}")
    with pytest.raises(AuthenticationError, match="line break"):
        sms.send(owed(short=f"a\r\nEvil: yes {LINK}"), settings)
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "body", "settings", "provider_id"),
    [
        (200, "", {}, ""),
        (299, "", {}, ""),
        (202, "0: Accepted for delivery", {"gateway_pattern": "^0: "}, ""),
        (200, '{"id": "m-1"}', {"gateway_pattern": r'"id": "([^"]+)"'}, "m-1"),
        (200, "OK m-1 x", {"gateway_pattern": r"OK (?:\S+) (?P<id>\w)|E"}, "x"),
        (418, "", {"gateway_accepted": "200, 418"}, ""),
    ],
)
def test_the_settings_say_what_accepted_means(
    sms, serve, gateway_at, owed, status, body, settings, provider_id
):
    sent = sms.send(owed(), gateway_at(serve(status, body), **settings))
    assert (sent.status, sent.provider_id) == ("sent", provider_id)
    assert sent.reply == f"{status} {body}".strip()


@pytest.mark.parametrize(
    ("status", "body", "settings", "error"),
    [
        (200, "ERR busy", {"gateway_pattern": "^OK"}, TemporaryError),
        (200, "ERR 7", {"gateway_pattern": "OK", "gateway_permanent_pattern": "7"}, PermanentError),
        (201, "", {"gateway_accepted": "200"}, TemporaryError),
        (403, "Not routable.", {"gateway_permanent_pattern": "Not routable"}, PermanentError),
        (403, "No sign-in", {"gateway_permanent_pattern": "Not"}, AuthenticationError),
        (402, "", {}, TemporaryError),
        (402, "", {"gateway_permanent": "402"}, PermanentError),
        (500, "", {"gateway_permanent": "500-510"}, PermanentError),
        (404, "", {}, PermanentError),
        (404, "", {"gateway_permanent": "400"}, TemporaryError),
    ],
)  # fmt: skip
def test_the_settings_say_what_refused_means(
    sms, serve, gateway_at, owed, status, body, settings, error
):
    with pytest.raises(error) as caught:
        sms.send(owed(), gateway_at(serve(status, body), **settings))
    assert type(caught.value) is error
    assert caught.value.reply == f"{status} {body}".strip()


def test_check_connects_and_asks_for_nothing(sms, serve, gateway_at):
    server = serve(200)
    report = sms.check(gateway_at(server))
    assert report.findings[0].title.startswith("The gateway answers (")
    assert [finding.level for finding in report.findings] == ["good", "note", "good"]
    assert server.requests == []
    server.stop()
    with pytest.raises(TemporaryError, match="localhost could not be reached"):
        sms.check(gateway_at(server))


def test_check_says_when_no_country_is_chosen(sms, serve, gateway_at):
    bare = Settings(dict(gateway_at(serve(200))))
    assert sms.check(bare).findings[-1].level == "bad"


# --- callbacks ------------------------------------------------------------------------------------


def callback(*, key: str = "d-17", body: bytes = b"", headers=None, query=None, form=None):
    return ReceiptRequest(
        "POST", RECEIPTS, headers or {}, body, query=query or {}, form=form or {}, key=key
    )


def receipts(request: ReceiptRequest, **settings: str):
    mapping = {
        "gateway_status_field": "status",
        "gateway_delivered": "1, DELIVRD",
        "gateway_bounced": "2",
        "gateway_failed": "16, expired",
    }
    return list(Sms().parse_receipt(request, Settings(GATEWAY | mapping | settings)))


@pytest.mark.parametrize(
    ("said", "status", "cause"),
    [
        ("1", "delivered", ""),
        ("delivrd", "delivered", ""),
        ("2", "bounced", "no_mailbox"),
        ("Expired", "failed", ""),
    ],
)
def test_a_word_of_the_lists_becomes_a_receipt(said, status, cause):
    (receipt,) = receipts(callback(query={"status": said}))
    assert (receipt.status, receipt.cause, receipt.key) == (status, cause, "d-17")
    assert receipt.reply == said


def test_a_word_in_no_list_is_passed_over():
    assert receipts(callback(query={"status": "8"})) == []


@pytest.mark.parametrize(
    "request_",
    [
        callback(key="", query={"status": "1", "mid": "m-1"}),
        callback(key="", form={"status": "1", "mid": "m-1"}),
        callback(key="", body=b'{"status": 1, "mid": "m-1"}'),
        callback(key="", query={"mid": "m-1"}, form={"status": "1"}),
    ],
)
def test_fields_are_found_in_the_address_the_form_and_the_json(request_):
    (receipt,) = receipts(request_, gateway_id_field="mid")
    assert (receipt.status, receipt.provider_id, receipt.key) == ("delivered", "m-1", "")


def test_an_inner_field_of_json_is_named_with_dots():
    body = b'{"data": {"state": "DELIVRD", "sms": {"id": 77}}}'
    (receipt,) = receipts(
        callback(key="", body=body),
        gateway_status_field="data.state",
        gateway_id_field="data.sms.id",
    )
    assert (receipt.status, receipt.provider_id) == ("delivered", "77")


@pytest.mark.parametrize(
    "request_",
    [
        callback(),
        callback(body=b"{garbage"),
        callback(body=b"[" * 100_000),
        callback(body=b'{"status": {"deep": 1}}'),
        callback(key="", query={"status": "1"}),
    ],
)
def test_a_callback_without_sense_is_told_so(request_):
    with pytest.raises(ValueError, match="callback"):
        receipts(request_)


def digest(body: bytes, secret: bytes = b"shared") -> bytes:
    return hmac.digest(secret, body, hashlib.sha256)


BODY = b'{"status": "1"}'
PROOF = {"gateway_proof_header": "X-Signature", "gateway_proof_secret": "shared"}


@pytest.mark.parametrize(
    "proof",
    [
        digest(BODY).hex(),
        digest(BODY).hex().upper(),
        f"sha256={digest(BODY).hex()}",
        base64.b64encode(digest(BODY)).decode(),
    ],
)
def test_a_signed_callback_is_believed(proof):
    signed = callback(body=BODY, headers={"x-signature": proof})
    assert receipts(signed, gateway_proof="hmac", **PROOF)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-signature": ""},
        {"x-signature": "shared"},
        {"x-signature": "\u00e9"},
        {"x-signature": digest(BODY, b"other").hex()},
        {"x-signature": digest(BODY, b"").hex()},
        {"x-signature": digest(BODY + b" ").hex()},
        {"x-other": digest(BODY).hex()},
    ],
)
def test_a_forged_callback_is_refused(headers):
    with pytest.raises(ForgedError):
        receipts(callback(body=BODY, headers=headers), gateway_proof="hmac", **PROOF)
    with pytest.raises(ForgedError):
        receipts(
            callback(body=BODY, headers=headers),
            gateway_proof="hmac",
            gateway_proof_header="X-Signature",
            gateway_proof_secret="",
        )


def test_a_shared_secret_in_a_header_is_believed():
    right = callback(body=BODY, headers={"x-signature": "shared"})
    assert receipts(right, gateway_proof="header", **PROOF)
    for wrong in ({}, {"x-signature": "Shared"}, {"x-signature": "\u00e9"}):
        with pytest.raises(ForgedError):
            receipts(callback(body=BODY, headers=wrong), gateway_proof="header", **PROOF)

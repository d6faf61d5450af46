"""What Ada is told beside each field, and what is kept of what she typed."""

from __future__ import annotations

import json

import pytest
from werkzeug.datastructures import MultiDict

from portal.channel import Settings
from portal_sms.channel import Sms
from portal_sms.form import SmsForm
from portal_sms.tests.conftest import TWILIO

URL = "https://sms.example/send?to={to}&text={text}"


def typed(**fields: str) -> SmsForm:
    """The form as a browser posts it: every field, with what was shown in it."""
    shown = {
        field.name: field.data if isinstance(field.data, str) else str(field.data or "")
        for field in SmsForm()
        if field.name != "keep_special"
    }
    return SmsForm(MultiDict(shown | fields))


def errors(name: str, **fields: str) -> str:
    form = typed(**fields)
    assert not form.validate()
    assert set(form.errors) == {name}, form.errors
    return " ".join(form.errors[name])


def test_twilio_needs_three_fields_and_nothing_else():
    form = typed(**TWILIO)
    assert form.validate(), form.errors
    assert Sms().is_ready(Settings(form.data))
    assert form.data["hourly_cap"] == 100
    json.dumps(form.data)


def test_a_gateway_needs_an_address():
    form = typed(provider="gateway", gateway_url=URL)
    assert form.validate(), form.errors
    assert Sms().is_ready(Settings(form.data))
    assert "https://" in errors("gateway_url", provider="gateway")


def test_a_blank_secret_is_no_error_because_it_is_kept():
    assert typed(**TWILIO | {"twilio_token": ""}).validate()


def test_what_is_stored_can_be_shown_again_and_secrets_cannot():
    stored = typed(**TWILIO, template_login="Hi {link}", keep_special="y").data
    page = "".join(str(field()) for field in SmsForm(data=stored))
    assert "Hi {link}" in page
    assert "hunter2" not in page
    assert 'data-segments=""' in page


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("twilio_sid", {"twilio_sid": "AC12"}, "AC and 32 digits"),
        ("twilio_sid", {"twilio_sid": ""}, "AC and 32 digits"),
        ("twilio_from", {"twilio_from": ""}, "number with +"),
        ("twilio_from", {"twilio_from": "A very long name"}, "at most 11"),
        ("twilio_from", {"twilio_from": "07400 123456"}, "number with +"),
        ("countries", {"countries": "GB, XX"}, "XX is no country code"),
        ("hourly_cap", {"hourly_cap": "0"}, "between 1 and"),
        ("gateway_pattern", {"gateway_pattern": "("}, "no regular expression"),
        ("gateway_permanent_pattern", {"gateway_permanent_pattern": "["}, "no regular"),
        ("gateway_accepted", {"gateway_accepted": "2xx"}, "200, 202 or 200-299"),
        ("gateway_permanent", {"gateway_permanent": "999"}, "200, 202 or 200-299"),
        ("gateway_headers", {"gateway_headers": "Bearer"}, "Name: value"),
        ("gateway_headers", {"gateway_headers": "X-A: {nobody}"}, "{nobody} means nothing"),
        ("gateway_headers", {"gateway_headers": "X: caf\u00e9"}, "ASCII"),
        ("template_login", {"template_login": "Hello"}, "Put {link}"),
        ("template_login", {"template_login": "{link} {foo}"}, "{foo} means nothing"),
        ("template_login", {"template_login": "{code} {link}"}, "sign-in messages"),
        ("template_invite", {"template_invite": "Go:{link}"}, "space before and after"),
        ("template_self", {"template_self": "{link}."}, "space before and after"),
        ("template_self", {"template_self": "{link} " + "\u044f" * 700}, "At most 10 segments"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(name, fields, words):
    assert words in errors(name, **TWILIO | fields)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://sms.example/{to}{text}", "must begin with https"),
        ("sms.example/{to}{text}", "must begin with https"),
        ("https:///{to}{text}", "must begin with https"),
        ("https://sms.example:99999/{to}{text}", "no web address"),
        ("https://sms.example/?t={text} &to={to}", "%20"),
        ("https://sms.ex\u00e4mple/?t={text}&to={to}", "beyond ASCII"),
        ("https://{to}.example/?t={text}", "host itself"),
        ("https://ada:pw@sms.example/?t={text}&to={to}", "user and password out"),
        ("https://sms.example/?t={text}&to={to}#x", "#"),
        ("https://sms.example/?t={text}", "Put {to} and {text}"),
        ("https://sms.example/?to={to}", "Put {to} and {text}"),
        ("https://sms.example/?t={text}&to={to}&x={x}", "{x} means nothing"),
        ("http://sms.example/?t={text}&to={to}", "Use https"),
    ],
)
def test_an_address_is_checked_before_it_is_called(url, words):
    assert words in errors("gateway_url", provider="gateway", gateway_url=url)


@pytest.mark.parametrize("host", ["localhost:13013", "127.0.0.1:13013", "[::1]:13013"])
def test_plain_http_is_for_this_machine(host):
    assert typed(provider="gateway", gateway_url=f"http://{host}/?t={{text}}&to={{to}}").validate()


def test_the_operators_list_decides_about_hosts(monkeypatch):
    monkeypatch.setenv("SMS_GATEWAY_HOSTS", "sms.lan")
    assert "does not allow sms.example" in errors(
        "gateway_url", provider="gateway", gateway_url=URL
    )
    lan = "http://sms.lan:13013/?t={text}&to={to}"
    assert typed(provider="gateway", gateway_url=lan).validate()


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("json", "", "choose None"),
        ("json", '{"to": {to}}', "no JSON"),
        ("json", '{"to": "{who}"}', "{who} means nothing"),
        ("form", "to", "name=value"),
        ("form", "a={b}", "{b} means nothing"),
    ],
)
def test_a_body_is_checked(kind, body, words):
    fields = {"gateway_url": URL, "gateway_body_kind": kind, "gateway_body": body}
    assert words in errors("gateway_body", provider="gateway", **fields)


def test_number_and_text_may_stand_in_the_body():
    document = json.dumps({"to": "{digits}", "text": "{text}"})
    fields = {"gateway_body_kind": "json", "gateway_body": document}
    assert typed(provider="gateway", gateway_url="https://sms.example/v1", **fields).validate()


def test_a_proof_needs_its_header():
    fields = {"provider": "gateway", "gateway_url": URL, "gateway_proof": "hmac"}
    assert "Name the header" in errors("gateway_proof_header", **fields)


def test_each_template_says_how_long_it_is():
    form = typed(
        **TWILIO, template_login="\u201cHi\u201d {link}", template_self="{link} " + "a" * 300
    )
    assert form.template_login.note == "1 segment · 65 of 160 characters · GSM-7"
    assert form.template_self.note.endswith("costs as much as 3 messages")
    assert form.template_invite.note == ""
    kept = typed(**TWILIO, template_login="\u201cHi\u201d {link}", keep_special="y")
    assert kept.template_login.note == "1 segment · 65 of 70 characters · UCS-2"


def test_every_field_has_a_label_a_place_and_an_explanation():
    for field in SmsForm():
        assert field.label.text[0].isupper(), field.name
        assert field.render_kw["data-group"], field.name
        assert field.description.endswith("."), field.name

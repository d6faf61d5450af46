"""What an account sets for text messages: the provider, who may be written to, and the words."""

from __future__ import annotations

import json
from typing import Any

from wtforms import BooleanField, IntegerField, SelectField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange, Optional

from portal.channel import SettingsForm
from portal_sms import checks
from portal_sms.fields import TemplateField, area, choice, line, secret
from portal_sms.gateway import ACCEPTED, PERMANENT
from portal_sms.gateway_request import PLACEHOLDERS
from portal_sms.numbers import countries

NAMES = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)


class SmsForm(SettingsForm):
    """One provider's fields are used, the other's stay as they are."""

    goes_to = {  # noqa: RUF012 - read only
        "twilio_token": (),
        "gateway_secret": ("gateway_url", "gateway_headers", "gateway_body"),
        "gateway_proof_secret": (),
    }

    provider = choice(
        "Provider",
        "Who hands the messages to the mobile networks.",
        "Provider",
        ("twilio", "Twilio"),
        ("gateway", "Another HTTP gateway"),
        **{"data-parts": json.dumps({"twilio": ["Twilio"], "gateway": ["Gateway", "Callbacks"]})},
    )
    twilio_sid = line(
        "Account SID", "It begins with AC, on the front page of Twilio's console.", "Twilio"
    )
    twilio_token = secret(
        "Auth token",
        "Beside the account SID. It also proves that status callbacks come from Twilio.",
        "Twilio",
    )
    twilio_from = line(
        "From",
        "A number of yours such as +447400123400, a sender name of up to 11 "
        "letters and digits, or a messaging service SID, which begins with MG.",
        "Twilio",
    )

    gateway_method = choice(
        "Method",
        "What the gateway wants.",
        "Gateway",
        ("GET", "GET"),
        ("POST", "POST"),
        ("PUT", "PUT"),
    )
    gateway_url = line(
        "Address",
        f"With placeholders, which are escaped for you: {NAMES}.",
        "Gateway",
        render_kw={"inputmode": "url", "spellcheck": "false"},
    )
    gateway_from = line("From", "What {from} stands for.", "Gateway")
    gateway_secret = secret(
        "Secret",
        "What {secret} stands for: the gateway's password or key. "
        "It may stand in the address, a header or the body.",
        "Gateway",
    )
    gateway_headers = area(
        "Headers", "One a line, such as Authorization: Bearer {secret}.", "Gateway"
    )
    gateway_body_kind = choice(
        "Body",
        "What is sent beside the address.",
        "Gateway",
        ("none", "None"),
        ("form", "Form fields"),
        ("json", "JSON"),
    )
    gateway_body = area(
        "Body template",
        "Form fields: one name=value a line. JSON: a document "
        "with placeholders inside its strings.",
        "Gateway",
    )
    gateway_accepted = line(
        "Accepted",
        "HTTP statuses that mean that the gateway took the message.",
        "Gateway",
        default=ACCEPTED,
    )
    gateway_pattern = line(
        "Accepted when the answer holds",
        "A regular expression, or blank. Its first group is the gateway's name for the message.",
        "Gateway",
    )
    gateway_permanent = line(
        "Refused for good",
        "HTTP statuses after which the message is not tried again.",
        "Gateway",
        default=PERMANENT,
    )
    gateway_permanent_pattern = line(
        "Refused for good when the answer holds", "A regular expression, or blank.", "Gateway"
    )

    gateway_status_field = line(
        "Field of the status",
        "In the address, the form or the JSON of a callback; data.status for an inner field.",
        "Callbacks",
        default="status",
    )
    gateway_id_field = line(
        "Field of the id",
        "Where a callback holds the gateway's name for the "
        "message. Blank when {receipt_url} is used.",
        "Callbacks",
    )
    gateway_delivered = line(
        "Means delivered",
        "Words of the status field, with commas between them.",
        "Callbacks",
        default="delivered",
    )
    gateway_bounced = line(
        "Means bounced",
        "The number does not exist or takes no messages.",
        "Callbacks",
        default="rejected, undeliverable",
    )
    gateway_failed = line(
        "Means failed",
        "Any other reason. Words in none of these lists are passed over.",
        "Callbacks",
        default="failed, expired",
    )
    gateway_proof = choice(
        "Proof",
        "How a callback shows that it is the gateway's.",
        "Callbacks",
        ("address", "The secret in its address"),
        ("header", "A secret in a header"),
        ("hmac", "HMAC-SHA256 of its body in a header"),
    )
    gateway_proof_header = line("Header of the proof", "Such as X-Signature.", "Callbacks")
    gateway_proof_secret = secret("Secret of the proof", "Shared with the gateway.", "Callbacks")

    country = SelectField(
        "Country",
        choices=lambda: [SelectChoice(*one) for one in (("", "The account's"), *countries())],
        default="",
        description="Numbers without a country code are from here.",
        render_kw={"data-group": "Numbers"},
    )
    countries = line(
        "Countries written to",
        "Codes such as GB, IE. Blank for the one country "
        "above. Numbers elsewhere are refused: messages to expensive networks are a "
        "known way to make money at your cost.",
        "Numbers",
    )
    hourly_cap = IntegerField(
        "Messages an hour",
        [Optional(), NumberRange(1, 100_000)],
        description="More are refused, whoever asks for them.",
        default=100,
        render_kw={"data-group": "Numbers", "inputmode": "numeric"},
    )

    template_invite = TemplateField("Invitation")
    template_login = TemplateField("Login message")
    template_self = TemplateField("Sign-in message", has_code=True)
    keep_special = BooleanField(
        "Keep special characters",
        description="One curly quote halves what fits into a message. Without a tick such "
        "characters are sent as plain ones; other scripts are always left alone.",
        render_kw={"data-group": "Words", "data-segments-keep": ""},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in (self.template_invite, self.template_login, self.template_self):
            field.keeps_special = bool(self.keep_special.data)

    def _uses(self, provider: str) -> bool:
        return bool(self.provider.data == provider)

    def validate_twilio_sid(self, field: Any) -> None:
        checks.twilio_sid(field.data or "", is_used=self._uses("twilio"))

    def validate_twilio_from(self, field: Any) -> None:
        checks.sender(field.data or "", is_used=self._uses("twilio"))

    def validate_gateway_url(self, field: Any) -> None:
        if field.data or self._uses("gateway"):
            checks.address(field.data or "")
            checks.is_complete(f"{field.data} {self.gateway_body.data or ''}")

    def validate_gateway_headers(self, field: Any) -> None:
        checks.headers(field.data or "")

    def validate_gateway_body(self, field: Any) -> None:
        checks.body(self.gateway_body_kind.data, field.data or "")

    def validate_gateway_accepted(self, field: Any) -> None:
        checks.statuses(field.data or "")

    validate_gateway_permanent = validate_gateway_accepted

    def validate_gateway_pattern(self, field: Any) -> None:
        checks.pattern(field.data or "")

    validate_gateway_permanent_pattern = validate_gateway_pattern

    def validate_gateway_proof_header(self, field: Any) -> None:
        if self._uses("gateway") and self.gateway_proof.data != "address" and not field.data:
            raise ValidationError("Name the header that holds the proof.")

    def validate_countries(self, field: Any) -> None:
        checks.country_codes(field.data or "")

    def validate_template_invite(self, field: Any) -> None:
        checks.template(field.data or "", has_code=field.has_code)

    validate_template_login = validate_template_self = validate_template_invite

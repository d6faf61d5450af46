"""The form of an account's settings: everything optional, each mistake named at its field."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from werkzeug.datastructures import MultiDict
from wtforms import PasswordField

from portal_email.form import EmailSettings
from portal_email.tests.test_dkim import pem

KEY = pem(ed25519.Ed25519PrivateKey.generate())
WHOLE = {
    "smtp_host": " mail.example.com ",
    "smtp_port": "587",
    "smtp_encryption": "starttls",
    "smtp_user": "ada",
    "smtp_password": " with blanks ",
    "from_name": "Ada's Firm",
    "from_address": "hi@straße.example",
    "bounce_address": "back@acme.example",
    "bounce_host": "imap.example.com",
    "bounce_port": "993",
    "bounce_encryption": "implicit",
    "bounce_user": "back",
    "bounce_password": "secret",
    "bounce_folder": "Bounces",
    "dkim_selector": "portal1",
    "dkim_key": KEY,
}


def filled(**typed: str) -> EmailSettings:
    return EmailSettings(MultiDict(typed))


def test_a_blank_form_is_fine():
    form = filled(**{name: "" for name in WHOLE if not name.endswith("encryption")})
    assert form.validate(), form.errors
    assert not form.smtp_host.data


def test_a_whole_form_is_fine():
    form = filled(**WHOLE)
    assert form.validate(), form.errors
    assert {name: form.data[name] for name in WHOLE} == WHOLE | {
        "smtp_host": "mail.example.com",
        "smtp_port": 587,
        "bounce_port": 993,
    }


@pytest.mark.parametrize(
    ("field", "changes", "words"),
    [
        ("smtp_host", {"smtp_host": "smtp://mail.example"}, "name alone"),
        ("smtp_host", {"smtp_host": "mail.example:587"}, "name alone"),
        ("smtp_port", {"smtp_port": "70000"}, "between 1 and 65535"),
        ("smtp_port", {"smtp_port": "x"}, "valid integer"),
        ("smtp_encryption", {"smtp_encryption": "never"}, "only a server on this machine"),
        ("smtp_encryption", {"smtp_encryption": "perhaps"}, "valid choice"),
        ("smtp_user", {"smtp_host": ""}, "mail server as well"),
        ("smtp_user", {"smtp_user": "adä"}, "ASCII"),
        ("smtp_password", {"smtp_user": ""}, "user name as well, or remove"),
        ("smtp_password", {"smtp_password": "pässword"}, "ASCII"),
        ("from_name", {"from_name": "Ada\r\nBcc: x@y.example"}, "one line"),
        ("from_address", {"from_address": "hi"}, "hello@example.com"),
        ("from_address", {"from_address": "a@b.example, c@d.example"}, "hello@example.com"),
        ("from_address", {"from_address": "hî@acme.example"}, "a to z"),
        ("bounce_address", {"bounce_address": "b" * 25 + "@acme.example"}, "24 characters"),
        ("bounce_host", {"bounce_user": ""}, "user name as well"),
        ("bounce_user", {"bounce_host": ""}, "IMAP server as well"),
        ("bounce_encryption", {"bounce_encryption": "never"}, "only a server on this machine"),
        ("bounce_folder", {"bounce_folder": "Rückläufer"}, "plain letters"),
        ("dkim_selector", {"dkim_selector": "a b"}, "letters, digits"),
        ("dkim_selector", {"from_address": ""}, "its domain signs"),
        ("dkim_key", {"dkim_selector": ""}, "selector as well"),
        ("dkim_key", {"dkim_key": "secret words"}, "not a private key"),
    ],
)
def test_a_mistake_is_named_at_its_field(field, changes, words):
    form = filled(**WHOLE | changes)
    assert not form.validate()
    assert words in " ".join(form.errors[field])
    assert "secret words" not in str(form.errors)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_server_on_this_machine_needs_no_encryption(host):
    form = filled(smtp_host=host, smtp_encryption="never")
    assert form.validate(), form.errors


def test_secrets_are_never_shown_again():
    form = EmailSettings(data=WHOLE)
    for field in form:
        if isinstance(field, PasswordField):
            assert str(WHOLE[field.name]) not in str(field())
    assert "PRIVATE KEY" not in str(form.dkim_key(class_='x"y'))
    drawn = str(form.dkim_key(class_='x"y', autofocus=True, value="s3cret"))
    assert 'class="x&#34;y"' in drawn
    assert " autofocus" in drawn
    assert "s3cret" not in drawn


def test_every_field_has_its_words_and_its_group():
    groups = {field.render_kw["data-group"] for field in EmailSettings()}
    assert groups == {"Server", "Sender", "Bounces", "Signature"}
    assert all(field.label.text for field in EmailSettings())

"""What an account can set: its own mail server, From address, bounces and signature."""

from __future__ import annotations

from typing import Any

from wtforms import Field, IntegerField, PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional, ValidationError

from portal.channel import SettingsForm
from portal_email.dkim import SELECTOR
from portal_email.dkim_keys import private_key
from portal_email.form_rules import (
    LongSecretField,
    must_be_an_address,
    must_be_plain,
    must_encrypt,
    must_have,
    must_name_a_server,
)

ENCRYPTIONS = [
    SelectChoice("starttls", "STARTTLS"),
    SelectChoice("implicit", "TLS from the first byte"),
    SelectChoice("never", "None, for a server on this machine only"),
]
MAILBOX_ENCRYPTIONS = [ENCRYPTIONS[1], ENCRYPTIONS[0], ENCRYPTIONS[2]]


def strip(value: str | None) -> str | None:
    return value.strip() if isinstance(value, str) else value


def in_group(group: str, **more: str) -> dict[str, Any]:
    """Return what every field has: it may stay blank, and stands under *group* on the page."""
    return {"render_kw": {"data-group": group, **more}}


class EmailSettings(SettingsForm):
    """Everything may stay blank: then messages go through the operator's mail server."""

    goes_to = {  # noqa: RUF012 - read only
        "smtp_password": ("smtp_host", "smtp_port"),
        "bounce_password": ("bounce_host", "bounce_port"),
        "dkim_key": (),
    }

    smtp_host = StringField(
        "Mail server",
        [Optional(), Length(max=253)],
        [strip],
        "Such as mail.example.com. Leave it blank to use the portal's own mail server.",
        **in_group("Server", autocomplete="off"),
    )
    smtp_port = IntegerField(
        "Port",
        [Optional(), NumberRange(1, 65535)],
        description="Blank for the usual one: 587 with STARTTLS, 465 with TLS from the first byte.",
        **in_group("Server", inputmode="numeric"),
    )
    smtp_encryption = SelectField(
        "Encryption",
        [Optional()],
        choices=ENCRYPTIONS,
        default="starttls",
        description="The server's certificate must be valid for its name.",
        **in_group("Server"),
    )
    smtp_user = StringField(
        "User name",
        [Optional(), Length(max=320)],
        [strip],
        "Blank when the server wants no sign-in.",
        **in_group("Server", autocomplete="off"),
    )
    smtp_password = PasswordField(
        "Password",
        [Optional(), Length(max=1000)],
        description="Many providers want an app password made for this, not the usual one.",
        **in_group("Server", autocomplete="new-password"),
    )
    from_name = StringField(
        "From name",
        [Optional(), Length(max=100)],
        [strip],
        "Whom messages come from. Blank for the account's name.",
        **in_group("Sender"),
    )
    from_address = StringField(
        "From address",
        [Optional(), Length(max=254)],
        [strip],
        "Used once the check has found the proof in its domain's DNS.",
        **in_group("Sender", inputmode="email", autocomplete="off"),
    )
    bounce_address = StringField(
        "Bounce address",
        [Optional(), Length(max=254)],
        [strip],
        "Where undeliverable messages come back to. It must accept mail to name+anything@ too.",
        **in_group("Bounces", inputmode="email", autocomplete="off"),
    )
    bounce_host = StringField(
        "Bounce mailbox: IMAP server",
        [Optional(), Length(max=253)],
        [strip],
        "The mailbox that the bounce address fills. The portal looks into it every few seconds.",
        **in_group("Bounces", autocomplete="off"),
    )
    bounce_port = IntegerField(
        "Bounce mailbox: port",
        [Optional(), NumberRange(1, 65535)],
        description="Blank for the usual one: 993, or 143 with STARTTLS.",
        **in_group("Bounces", inputmode="numeric"),
    )
    bounce_encryption = SelectField(
        "Bounce mailbox: encryption",
        [Optional()],
        choices=MAILBOX_ENCRYPTIONS,
        default="implicit",
        **in_group("Bounces"),
    )
    bounce_user = StringField(
        "Bounce mailbox: user name",
        [Optional(), Length(max=320)],
        [strip],
        **in_group("Bounces", autocomplete="off"),
    )
    bounce_password = PasswordField(
        "Bounce mailbox: password",
        [Optional(), Length(max=1000)],
        **in_group("Bounces", autocomplete="new-password"),
    )
    bounce_folder = StringField(
        "Bounce mailbox: folder",
        [Optional(), Length(max=200)],
        [strip],
        "Blank for the inbox. What was understood there is marked as read.",
        **in_group("Bounces"),
    )
    dkim_selector = StringField(
        "DKIM selector",
        [Optional(), Length(max=63)],
        [strip],
        "A word of your choice, such as portal1. Leave it blank when your mail server signs.",
        **in_group("Signature", autocomplete="off"),
    )
    dkim_key = LongSecretField(
        "DKIM private key",
        [Optional(), Length(max=10_000)],
        description="RSA or Ed25519 as PEM, without a password. The check shows its DNS record.",
        **in_group("Signature", autocomplete="off"),
    )

    def validate_smtp_host(self, field: Field) -> None:
        must_name_a_server(field)

    def validate_smtp_encryption(self, field: Field) -> None:
        must_encrypt(field, self.smtp_host.data)

    def validate_smtp_user(self, field: Field) -> None:
        must_have(self.smtp_host, "Give the mail server as well.")
        must_be_plain(field)

    def validate_smtp_password(self, field: Field) -> None:
        must_have(self.smtp_user, "Give the user name as well, or remove the password.")
        must_be_plain(field)

    def validate_from_name(self, field: Field) -> None:
        if not field.data.isprintable():
            raise ValidationError("Give the name in one line of plain text.")

    def validate_from_address(self, field: Field) -> None:
        must_be_an_address(field)

    def validate_bounce_address(self, field: Field) -> None:
        must_be_an_address(field)
        if len(field.data.rpartition("@")[0]) > 24:
            raise ValidationError("Use at most 24 characters before the @: a tag follows them.")

    def validate_bounce_host(self, field: Field) -> None:
        must_name_a_server(field)
        must_have(self.bounce_user, "Give the mailbox's user name as well.")

    def validate_bounce_encryption(self, field: Field) -> None:
        must_encrypt(field, self.bounce_host.data)

    def validate_bounce_user(self, field: Field) -> None:
        must_have(self.bounce_host, "Give the IMAP server as well.")

    def validate_bounce_folder(self, field: Field) -> None:
        must_be_plain(field, "Use a folder whose name is in plain letters.")

    def validate_dkim_selector(self, field: Field) -> None:
        if not SELECTOR.fullmatch(field.data):
            raise ValidationError("Use letters, digits, dots and hyphens, such as portal1.")
        must_have(self.from_address, "Give the From address as well: its domain signs.")

    def validate_dkim_key(self, field: Field) -> None:
        must_have(self.dkim_selector, "Give the selector as well, or remove the key.")
        try:
            private_key(field.data)
        except ValueError as error:
            raise ValidationError(str(error)) from None

"""What an account can set: its own mail server, From address, bounces and signature."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape
from wtforms import Field, IntegerField, PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional, ValidationError

from portal.channel import PermanentError, SettingsForm
from portal_email.addresses import host_to_ascii, parse
from portal_email.dkim import SELECTOR, private_key
from portal_email.server import ONLY_HERE, is_loopback

ENCRYPTIONS = [
    SelectChoice("starttls", "STARTTLS"),
    SelectChoice("implicit", "TLS from the first byte"),
    SelectChoice("never", "None, for a server on this machine only"),
]
MAILBOX_ENCRYPTIONS = [ENCRYPTIONS[1], ENCRYPTIONS[0], ENCRYPTIONS[2]]


class BlankTextArea:
    """A text area that never shows what is stored, for secrets of many lines."""

    def __call__(self, field: Field, **attributes: Any) -> Markup:
        named = {"id": field.id, "name": field.name, "rows": 4, "spellcheck": "false"} | attributes
        words = "".join(
            f' {escape(name.rstrip("_"))}="{escape(value)}"'
            for name, value in named.items()
            if value is not None and value is not False
        )
        return Markup(f"<textarea{words}></textarea>")  # noqa: S704 - all of it is escaped


class LongSecretField(PasswordField):  # type: ignore[misc]
    """A secret of many lines, such as a private key."""

    widget = BlankTextArea()


def strip(value: str | None) -> str | None:
    return value.strip() if isinstance(value, str) else value


def in_group(group: str, **more: str) -> dict[str, Any]:
    """Return what every field has: it may stay blank, and stands under *group* on the page."""
    return {"render_kw": {"data-group": group, **more}}


class EmailSettings(SettingsForm):  # type: ignore[misc]
    """Everything may stay blank: then messages go through the operator's mail server."""

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
        _host(field)

    def validate_smtp_encryption(self, field: Field) -> None:
        _encryption(field, self.smtp_host.data)

    def validate_smtp_user(self, field: Field) -> None:
        _needs(self.smtp_host, "Give the mail server as well.")
        _ascii(field)

    def validate_smtp_password(self, field: Field) -> None:
        _needs(self.smtp_user, "Give the user name as well.")
        _ascii(field)

    def validate_from_name(self, field: Field) -> None:
        if not field.data.isprintable():
            raise ValidationError("Give the name in one line of plain text.")

    def validate_from_address(self, field: Field) -> None:
        _address(field)

    def validate_bounce_address(self, field: Field) -> None:
        _address(field)
        if len(field.data.rpartition("@")[0]) > 24:
            raise ValidationError("Use at most 24 characters before the @: a tag follows them.")

    def validate_bounce_host(self, field: Field) -> None:
        _host(field)
        _needs(self.bounce_user, "Give the mailbox's user name as well.")

    def validate_bounce_encryption(self, field: Field) -> None:
        _encryption(field, self.bounce_host.data)

    def validate_bounce_user(self, field: Field) -> None:
        _needs(self.bounce_host, "Give the IMAP server as well.")

    def validate_bounce_folder(self, field: Field) -> None:
        _ascii(field, "Use a folder whose name is in plain letters.")

    def validate_dkim_selector(self, field: Field) -> None:
        if not SELECTOR.fullmatch(field.data):
            raise ValidationError("Use letters, digits, dots and hyphens, such as portal1.")
        _needs(self.from_address, "Give the From address as well: its domain signs.")

    def validate_dkim_key(self, field: Field) -> None:
        _needs(self.dkim_selector, "Give the selector as well.")
        try:
            private_key(field.data)
        except ValueError as error:
            raise ValidationError(str(error)) from None


def _needs(other: Field, complaint: str) -> None:
    if not other.data:
        raise ValidationError(complaint)


def _host(field: Field) -> None:
    try:
        host_to_ascii(field.data)
    except ValueError:
        raise ValidationError("Give the server's name alone, such as mail.example.com.") from None


def _encryption(field: Field, host: str | None) -> None:
    if field.data == "never" and host and not is_loopback(host):
        raise ValidationError(ONLY_HERE)


def _address(field: Field) -> None:
    try:
        address = parse(field.data)
    except PermanentError:
        raise ValidationError("Give one e-mail address, such as hello@example.com.") from None
    if not address.is_ascii:
        raise ValidationError("Use letters from a to z before the @.")


def _ascii(field: Field, complaint: str = "Use plain letters, digits and signs (ASCII).") -> None:
    if not field.data.isascii() or not field.data.isprintable():
        raise ValidationError(complaint)

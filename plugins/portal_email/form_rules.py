"""The rules of the settings form, and its field for long secrets."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape
from wtforms import Field, PasswordField
from wtforms.validators import ValidationError

from portal.channel import PermanentError
from portal_email.addresses import host_to_ascii, parse
from portal_email.server import ONLY_HERE, is_loopback


class BlankTextArea:
    """A text area that never shows what is stored, for secrets of many lines."""

    def __call__(self, field: Field, **attributes: Any) -> Markup:
        named = {"id": field.id, "name": field.name, "rows": 4, "spellcheck": "false"} | attributes
        named.pop("value", None)
        words = "".join(
            f" {escape(name)}" if value is True else f' {escape(name)}="{escape(value)}"'
            for name, value in ((name.rstrip("_"), value) for name, value in named.items())
            if value is not None and value is not False
        )
        return Markup(f"<textarea{words}></textarea>")  # noqa: S704 - all of it is escaped


class LongSecretField(PasswordField):  # type: ignore[misc]
    """A secret of many lines, such as a private key."""

    widget = BlankTextArea()


def must_have(other: Field, complaint: str) -> None:
    if not other.data:
        raise ValidationError(complaint)


def must_name_a_server(field: Field) -> None:
    try:
        host_to_ascii(field.data)
    except ValueError:
        raise ValidationError("Give the server's name alone, such as mail.example.com.") from None


def must_encrypt(field: Field, host: str | None) -> None:
    if field.data == "never" and host and not is_loopback(host):
        raise ValidationError(ONLY_HERE)


def must_be_an_address(field: Field) -> None:
    try:
        address = parse(field.data)
    except PermanentError:
        raise ValidationError("Give one e-mail address, such as hello@example.com.") from None
    if not address.is_ascii:
        raise ValidationError("Use letters from a to z before the @.")


def must_be_plain(
    field: Field, complaint: str = "Use plain letters, digits and signs (ASCII)."
) -> None:
    if not field.data.isascii() or not field.data.isprintable():
        raise ValidationError(complaint)

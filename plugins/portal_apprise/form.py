"""What an account can set: which of the library's services its messages may use."""

from __future__ import annotations

import re

from wtforms import Field, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from portal.channel import SettingsForm

USUAL = (
    "tgram signal signals whatsapp matrix matrixs threema viber line slack discord workflows "
    "wxteams gchat zulip mmost mmosts rocket rockets nctalk nctalks pover pbul"
)
"""Messengers that reach one person or one team. Services that publish are not among them."""

NEVER = frozenset(
    {"fcm", "vapid", "nostr", "file", "syslog", "rsyslog", "macosx", "windows", "dbus"}
)
"""Services that read files here, speak to this machine or open lines of their own: refused.

They are named so that the form can say it; `services` refuses all others of their sort.
"""

NAME = re.compile(r"[a-z0-9]{1,20}")


class MessengerForm(SettingsForm):
    services = TextAreaField(
        "Which services may be used",
        [InputRequired("Name at least one service."), Length(max=2000)],
        description="The words before :// in an Apprise URL, with spaces between them.",
        default=USUAL,
    )

    def validate_services(self, field: Field) -> None:
        names = names_in(field.data)
        wrong = sorted(name for name in names if not NAME.fullmatch(name))
        if not names:
            raise ValidationError("Name at least one service.")
        if wrong:
            raise ValidationError(f"These are no services' names: {', '.join(wrong)}.")
        if names & NEVER:
            refused = ", ".join(sorted(names & NEVER))
            raise ValidationError(f"These are never used, to protect the portal itself: {refused}.")


def names_in(typed: str) -> frozenset[str]:
    """Return the services that *typed* names, with or without commas and `://`."""
    return frozenset(
        word.removesuffix("://") for word in re.split(r"[\s,;]+", typed.lower()) if word
    )

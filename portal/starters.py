"""Portico's own words as they begin an editor: the same message, with its placeholders."""

from __future__ import annotations

from portal.wording import SHORT, OwnWords

_EMAILS = {
    "invite": OwnWords(
        "Hello {{client}},\n\n"
        "{{staff}} has invited you to the client portal of {{portal}}. You need no password: the "
        "button signs you in.\n\n"
        "{{note}}",
        "Your invitation to the {{portal}} client portal",
        "Open the client portal",
    ),
    "login": OwnWords(
        "Hello {{client}},\n\n"
        "{{staff}} sent you this link to the client portal of {{portal}}. You need no password: "
        "the button signs you in.",
        "Your sign-in link for {{portal}}",
        "Sign in",
    ),
    "self": OwnWords(
        "Hello {{client}},\n\n"
        "You asked to sign in to the client portal of {{portal}}. Press the button, or type the "
        "code below it.",
        "Sign in to {{portal}}",
        "Sign in",
    ),
    "magic": OwnWords(
        "Hello {{client}},\n\n"
        "{{staff}} made you this link to the client portal of {{portal}}. You need no password: "
        "the link signs you in.",
        "Your sign-in link for {{portal}}",
    ),
}
_SHORTS = {
    "invite": "{{portal}} invites you. Open its client portal: {{link}} "
    "Works once, ends {{expires}}.",
    "login": "{{portal}} sent you a link to sign in: {{link}} Works once, ends {{expires}}.",
    "self": "{{portal}}: your sign-in code is {{code}} or open {{link}} "
    "Works once, ends {{expires}}.",
    "magic": "{{portal}} made you a link to sign in: {{link}} Works once, ends {{expires}}.",
}


def starter(kind: str, form: str) -> OwnWords:
    return OwnWords(_SHORTS[kind]) if form == SHORT else _EMAILS[kind]

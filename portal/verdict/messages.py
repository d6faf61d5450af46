"""What is said of a message that carries a link: a whole sentence for each kind and state."""

from __future__ import annotations

from typing import NamedTuple

from portal.languages import _, mark
from portal.models.contact_facts import DeliveryFacts


class _Says(NamedTuple):
    """The sentences about one kind of message."""

    sending: str
    about_to_go: str
    goes_in: str
    goes_at: str
    failed: str
    bounced: str
    given_up: str
    unknown: str
    not_sent: str
    not_sent_why: str


_INVITATION = _Says(
    sending=mark("The invitation is being sent."),
    about_to_go=mark("The invitation is about to go out."),
    goes_in=mark("The invitation goes out in %(seconds)s s; until then it can be taken back."),
    goes_at=mark("The invitation goes out %(when)s."),
    failed=mark("The invitation could not be sent: %(why)s."),
    bounced=mark("The invitation came back: %(why)s."),
    given_up=mark("The invitation was given up: %(why)s."),
    unknown=mark("Nobody can tell whether the invitation went out. Ask %(who)s first."),
    not_sent=mark("The invitation was not sent."),
    not_sent_why=mark("The invitation was not sent: %(why)s."),
)
_LOGIN_EMAIL = _Says(
    sending=mark("The login e-mail is being sent."),
    about_to_go=mark("The login e-mail is about to go out."),
    goes_in=mark("The login e-mail goes out in %(seconds)s s; until then it can be taken back."),
    goes_at=mark("The login e-mail goes out %(when)s."),
    failed=mark("The login e-mail could not be sent: %(why)s."),
    bounced=mark("The login e-mail came back: %(why)s."),
    given_up=mark("The login e-mail was given up: %(why)s."),
    unknown=mark("Nobody can tell whether the login e-mail went out. Ask %(who)s first."),
    not_sent=mark("The login e-mail was not sent."),
    not_sent_why=mark("The login e-mail was not sent: %(why)s."),
)
_SIGN_IN = _Says(
    sending=mark("The sign-in message is being sent."),
    about_to_go=mark("The sign-in message is about to go out."),
    goes_in=mark("The sign-in message goes out in %(seconds)s s; until then it can be taken back."),
    goes_at=mark("The sign-in message goes out %(when)s."),
    failed=mark("The sign-in message could not be sent: %(why)s."),
    bounced=mark("The sign-in message came back: %(why)s."),
    given_up=mark("The sign-in message was given up: %(why)s."),
    unknown=mark("Nobody can tell whether the sign-in message went out. Ask %(who)s first."),
    not_sent=mark("The sign-in message was not sent."),
    not_sent_why=mark("The sign-in message was not sent: %(why)s."),
)
_MESSAGE = _Says(
    sending=mark("The message is being sent."),
    about_to_go=mark("The message is about to go out."),
    goes_in=mark("The message goes out in %(seconds)s s; until then it can be taken back."),
    goes_at=mark("The message goes out %(when)s."),
    failed=mark("The message could not be sent: %(why)s."),
    bounced=mark("The message came back: %(why)s."),
    given_up=mark("The message was given up: %(why)s."),
    unknown=mark("Nobody can tell whether the message went out. Ask %(who)s first."),
    not_sent=mark("The message was not sent."),
    not_sent_why=mark("The message was not sent: %(why)s."),
)
_KINDS = {"invite": _INVITATION, "login": _LOGIN_EMAIL, "self": _SIGN_IN}


def say(delivery: DeliveryFacts, state: str, **values: str) -> str:
    """Return what is said of *delivery* in *state*, the name of one of the sentences above."""
    words: str = getattr(_KINDS.get(delivery.kind, _MESSAGE), state)
    return _(words, **values)

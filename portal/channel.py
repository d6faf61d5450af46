"""What a delivery plugin writes: a Channel, and the words it answers with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

Kind = Literal["invite", "login", "magic", "self"]

ALL_KINDS: frozenset[Kind] = frozenset({"invite", "login", "magic", "self"})
MAILED_KINDS: frozenset[Kind] = frozenset({"invite", "login", "self"})


class ChannelError(Exception):
    """A channel could not deliver. *reason* is one plain sentence staff will read.

    *reply* holds the provider's own words, if it said any. Neither may hold the link.
    """

    def __init__(self, reason: str, *, reply: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply = reply


class TemporaryError(ChannelError):
    """It may work later: the message is tried again with growing pauses."""


class PermanentError(ChannelError):
    """It will never work for this address: the delivery has failed."""


class AuthenticationError(ChannelError):
    """The provider does not accept us; nothing is wrong with this one message."""


class AmbiguousError(ChannelError):
    """The provider may or may not have taken the message, for instance because the line
    dropped after the final dot. Idempotent channels are tried again; others end as unknown."""


@dataclass(frozen=True)
class Caps:
    """What a channel can do. *timeout* is in seconds and bounds one `send`."""

    address: Literal["email", "phone", ""] = ""
    kinds: frozenset[Kind] = ALL_KINDS
    synchronous: bool = False
    receipts: bool = False
    idempotent: bool = False
    timeout: int = 30


@dataclass(frozen=True)
class Message:
    """Rendered words to one person. *html* may be empty; *text* never is."""

    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True)
class SendRequest:
    """One message owed, as a channel sees it.

    *key* is the same at every attempt of one delivery: use it as Message-ID or idempotency key.
    *link* is the secret URL; it also stands in the message. Never log or store it.
    """

    key: str
    kind: Kind
    to: str
    to_name: str
    message: Message
    link: str
    sender_name: str
    reply_to: str = ""
    attempt: int = 1
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Sent:
    """The provider took the message: *status* `sent`, or `delivered` when that is certain.

    *reply* is the provider's own words. *show* is shown once to the person who asked and
    is never stored; only a synchronous channel may set it.
    """

    status: Literal["sent", "delivered"] = "sent"
    provider_id: str = ""
    reply: str = ""
    show: str = ""


@dataclass(frozen=True)
class Operator:
    """What the operator set for the whole installation, handed to `portal_channels`.

    *smtp_url* is empty when no mail server is set. *portal_host* is the host of PORTAL_URL.
    """

    smtp_url: str = ""
    mail_from: str = ""
    portal_host: str = "localhost"


class Channel:
    """A way to reach someone. Subclass it, set `id`, `name` and `caps`, and write `send`."""

    id: ClassVar[str]
    name: ClassVar[str]
    caps: ClassVar[Caps]

    def check(self) -> None:
        """Try the provider without sending anything.

        Raises a ChannelError that says what is wrong.
        """

    def normalise_address(self, address: str) -> str:
        """Return *address* as the provider wants it.

        Raises PermanentError when it cannot be used.
        """
        return address

    def send(self, request: SendRequest) -> Sent:
        """Deliver *request*, within `caps.timeout` seconds.

        Raises a ChannelError when it cannot.
        """
        raise PermanentError(f"The channel {self.id} does not send.")

    def close(self) -> None:
        """Let go of connections. Called when the worker is idle for a while and when it ends."""


@dataclass(frozen=True)
class Section:
    """An area of the portal, and a target that a link can open.

    *name* is a short slug that stands in links' rows; *render* gets the account's slug and the
    contact's name and answers with safe HTML for the page's body.
    """

    name: str
    title: str
    summary: str = ""
    icon: str = "folder"
    render: Callable[[SectionRequest], str] | None = None


@dataclass(frozen=True)
class SectionRequest:
    """Who looks at a section: never more than the account's slug and the contact's own data."""

    account_slug: str
    account_name: str
    contact_name: str
    contact_email: str
    external_id: str

"""What a delivery plugin writes: a Channel, and the words it answers with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import wtforms

Kind = Literal["invite", "login", "magic", "self"]

ALL_KINDS: frozenset[Kind] = frozenset({"invite", "login", "magic", "self"})
MAILED_KINDS: frozenset[Kind] = frozenset({"invite", "login", "self"})

Cause = Literal[
    "no_mailbox",
    "no_domain",
    "bad_address",
    "mailbox_full",
    "mailbox_off",
    "refused",
    "spam",
    "sender_checks",
    "too_large",
    "busy",
    "unreachable",
    "sign_in",
    "not_allowed",
    "opted_out",
    "timeout",
    "fault",
    "",
]
"""Why a message did not arrive, so that staff see failures grouped in plain words.

`no_mailbox` the address or number does not exist; `no_domain` its domain takes no mail;
`bad_address` it cannot be used as it is written; `mailbox_full`, `mailbox_off` at the moment or
for good; `refused` by the receiver's own rules; `spam` for what it looks like; `sender_checks`
because of SPF, DKIM, DMARC or an unregistered sender; `too_large`; `busy` the provider asks us to
slow down; `unreachable` nobody answers; `sign_in` the provider does not accept us; `not_allowed`
our own settings forbid it; `opted_out` the person wants no messages; `timeout`; `fault` the
plugin's own.
"""

ABOUT_ONE: frozenset[Cause] = frozenset(
    {
        "no_mailbox",
        "no_domain",
        "bad_address",
        "mailbox_full",
        "mailbox_off",
        "opted_out",
        "too_large",
        "not_allowed",
    }
)
"""Causes that lie with one address or message: they say nothing about the provider's health."""


class ChannelError(Exception):
    """A channel could not deliver. *reason* is one plain sentence staff will read.

    *reply* holds the provider's own words, if it said any. Neither may hold the link. *cause* is
    one of `Cause` and groups failures.
    """

    def __init__(self, reason: str, *, reply: str = "", cause: Cause = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply = reply
        self.cause = cause


class TemporaryError(ChannelError):
    """It may work later: the message is tried again with growing pauses.

    *retry_after* is in seconds, when the provider named a time (HTTP 429 and 503, RFC 9110 10.2.3).
    """

    def __init__(
        self, reason: str, *, reply: str = "", cause: Cause = "", retry_after: float = 0
    ) -> None:
        super().__init__(reason, reply=reply, cause=cause)
        self.retry_after = retry_after


class PermanentError(ChannelError):
    """It will never work for this address: the account's next channel takes over."""


class AuthenticationError(ChannelError):
    """The provider does not accept us; nothing is wrong with this one message.

    The channel pauses for the account, its messages wait, and staff see a banner.
    """


class AmbiguousError(ChannelError):
    """The provider may or may not have taken the message, for instance because the line
    dropped after the final dot. Idempotent channels are tried again; others end as unknown."""


class ForgedError(Exception):
    """A receipt's signature is wrong or missing: it is answered with 403 and changes nothing."""


@dataclass(frozen=True)
class Caps:
    """What a channel can do.

    *address* is the kind of address it writes to: `email`, `phone`, a word of the plugin's own
    (contacts then get a field of that name), or nothing. *kinds* are the kinds of message it
    takes: `invite`, `login` sent by staff, `magic` handed to staff, `self` asked for by the client.
    The result of a *synchronous* one is shown to the person who asked. *idempotent* promises that
    the same key twice is delivered once. *timeout* is in seconds and bounds one call of any verb.
    *rate* is the most messages a minute for one account, None for no limit.
    *receipts* says that the provider reports later, *polls* after how many seconds `poll` wants to
    be called again (0 for never).
    """

    address: str = ""
    kinds: frozenset[Kind] = ALL_KINDS
    synchronous: bool = False
    receipts: bool = False
    idempotent: bool = False
    timeout: int = 30
    rate: float | None = None
    polls: int = 0


@dataclass(frozen=True)
class AccountInfo:
    """What a channel may know of the account it works for.

    *country* is an ISO 3166 code such as `GB`, or empty. *proof* is a secret-free word that is the
    account's own for ever, for proofs such as a DNS record.
    """

    slug: str = ""
    name: str = ""
    locale: str = "en"
    country: str = ""
    proof: str = ""


class Settings(Mapping[str, Any]):
    """What the account's staff typed into the channel's `SettingsForm`, by field name.

    Empty when they have set nothing. *facts* is what the last successful `check` found out.
    `allows(name, limit, seconds)` counts once more under *name*, for this account and channel and
    over all processes, and tells whether that is within *limit* in so many seconds.
    Its text form shows no values, so that no secret reaches a log.
    """

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        account: AccountInfo | None = None,
        facts: Mapping[str, str] | None = None,
        allows: Callable[[str, int, int], bool] | None = None,
    ) -> None:
        self._values = dict(values or {})
        self.allows: Callable[[str, int, int], bool] = allows or _without_limit
        self.account = account or AccountInfo()
        self.facts: Mapping[str, str] = MappingProxyType(dict(facts or {}))

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Settings {', '.join(sorted(self._values)) or 'none'}>"


def _without_limit(_name: str, _limit: int, _seconds: int) -> bool:
    return True


class SettingsForm(wtforms.Form):  # type: ignore[misc]
    """The base of a channel's settings form: WTForms fields, shown as the channel's page.

    A `wtforms.PasswordField` is a secret: encrypted, never shown again, and kept when it is left
    blank. Write `validate_<field>` for rules, as in any WTForms form.
    """


@dataclass(frozen=True)
class Finding:
    """One thing that `check` looked at. *level* is `good`, `note` or `bad`.

    *record* is a line to copy when something has to be set elsewhere, such as a DNS record.
    """

    level: Literal["good", "note", "bad"]
    title: str
    detail: str = ""
    record: str = ""


@dataclass(frozen=True)
class Report:
    """What `check` found: what staff read, and *facts* that are handed to later calls."""

    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """Rendered words to one person. *html* may be empty; *text* never is.

    *short* is the same in one line, for channels that carry little: who writes, the link, the code.
    """

    subject: str
    text: str
    html: str = ""
    short: str = ""


@dataclass(frozen=True)
class SendRequest:
    """One message owed, as a channel sees it.

    *key* is the same at every attempt of one delivery: use it as Message-ID or idempotency key.
    *link* is the secret URL; it also stands in the message. Never log or store it. *code* is the
    eight digits of a message that the client asked for, like `4821 9035`, or nothing.
    *receipt_url* is where the provider may post receipts for this delivery: it ends in the key, so
    that the receipt is understood even before `send` has returned. It is empty when the channel
    has no receipts. *sender_name* is the account's name, or for a magic link who asked for it,
    *reply_to* the address of the member of staff who sent it, or nothing. *attempt* is 1 for the
    first; *expires_at* is when the link stops working.
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
    code: str = ""
    locale: str = "en"
    receipt_url: str = ""


@dataclass(frozen=True)
class Sent:
    """The provider took the message: *status* `sent`, or `delivered` when that is certain.

    *reply* is the provider's own words. *provider_id* is its name for the message: receipts are
    found by it. *show* is shown once to the person who asked and is never stored; only a
    synchronous channel may set it.
    """

    status: Literal["sent", "delivered"] = "sent"
    provider_id: str = ""
    reply: str = ""
    show: str = ""


@dataclass(frozen=True)
class ReceiptRequest:
    """What a provider posted to the channel's receipt address, or what `poll` fetched.

    *url* is the address as the provider knows it, with its query, for signatures. *key* is the
    delivery's key when the address held one. Header names are in lower case.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True)
class Receipt:
    """What became of a message. Name it by *key*, the delivery's, or by *provider_id*.

    Receipts may come twice, late and out of order: a status only moves forward.
    """

    status: Literal["sent", "delivered", "bounced", "complained", "failed"]
    key: str = ""
    provider_id: str = ""
    reason: str = ""
    reply: str = ""
    cause: Cause = ""


@dataclass(frozen=True)
class Operator:
    """What the operator set for the whole installation, handed to `portal_channels`.

    *smtp_url* is empty when no mail server is set. *portal_host* is the host of PORTAL_URL.
    *bounce_address* is where undeliverable mail comes back to, and *bounce_mailbox* the
    `imaps://user:password@host/folder` that it can be fetched from.
    """

    smtp_url: str = ""
    mail_from: str = ""
    portal_host: str = "localhost"
    portal_url: str = "http://localhost"
    bounce_address: str = ""
    bounce_mailbox: str = ""
    dkim_domain: str = ""
    dkim_selector: str = ""
    dkim_key: str = field(default="", repr=False)


class Channel:
    """A way to reach someone. Subclass it, set `id`, `name` and `caps`, and write `send`.

    One object serves all messages of its process, whatever their account. Each verb may be called
    in any process, and by several threads at once in a web process. No database transaction is
    open meanwhile. When its time is over it is interrupted: an error is raised inside it.
    """

    id: ClassVar[str]
    """A short name that stands in rows: lower case, unique, never changed, at most 30 letters."""
    name: ClassVar[str]
    """What staff read."""
    caps: ClassVar[Caps]
    """What the channel can do."""
    SettingsForm: ClassVar[type[SettingsForm] | None] = None
    """The form of the channel's settings for one account, or None when it has none."""
    address_label: ClassVar[str] = ""
    """How the field of the contact's address is called, when `caps.address` is your own word."""

    def is_ready(self, settings: Settings) -> bool:
        """Tell whether *settings* are enough to send. Asked often, so without I/O.

        A channel without a form always is; one with a form is once something has been saved.
        """
        return self.SettingsForm is None or len(settings) > 0

    def check(self, settings: Settings) -> Report | None:
        """Try the provider with *settings* without sending anything.

        Raises a ChannelError that says what is wrong.
        """
        return None

    def normalise_address(self, address: str, settings: Settings) -> str:
        """Return *address* as the provider wants it.

        Raises PermanentError when it cannot be used.
        """
        return address

    def send(self, request: SendRequest, settings: Settings) -> Sent:
        """Deliver *request*, within `caps.timeout` seconds.

        Raises a ChannelError when it cannot.
        """
        raise PermanentError(f"The channel {self.id} does not send.", cause="fault")

    def parse_receipt(self, request: ReceiptRequest, settings: Settings) -> Iterable[Receipt]:
        """Return what *request* reports, after checking its signature.

        Raises ForgedError when the signature is wrong, ValueError when it makes no sense.
        """
        raise ValueError(f"The channel {self.id} takes no receipts.")

    def poll(self, settings: Settings) -> Iterable[Receipt]:
        """Fetch receipts where the provider does not post them. Called every `caps.polls` seconds.

        A receipt is lost when it was fetched and the process dies: leave it at the provider until
        the next call, receipts may come twice.
        """
        return ()

    def close(self) -> None:
        """Let go of connections. Called when the worker is idle for a while and when it ends."""


@dataclass(frozen=True)
class DeliveryInfo:
    """What hooks may know of a delivery: no link, no words.

    *id* is the row's number, *status* one of the outbox's words, *has_phone* whether the contact
    has a number, *channels* the ids that could carry it, in the account's order.
    """

    id: int
    account_slug: str
    contact_id: int
    kind: Kind
    channel: str
    status: str
    attempt: int
    locale: str = "en"
    has_phone: bool = False
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class EventInfo:
    """One line of the history as `portal_event` sees it. *detail* holds no link and no secret."""

    id: int
    at: datetime
    kind: str
    account_slug: str
    actor: str
    contact_id: int | None = None
    delivery_id: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """An area of the portal, and a target that a link can open.

    *name* is a short slug that stands in links' rows and in the page's address, *summary* a line on
    its tile, *icon* the name of a symbol in `portal/static/icons.svg`. *render* answers with HTML
    that is put into the page as it is: escape what people typed, with `markupsafe.escape`. Without
    it the page shows the summary.
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

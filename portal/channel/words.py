"""What goes through a channel: a message owed, the answer to it, and receipts for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from portal.channel.kinds import Cause, Kind


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
    has no receipts, before its settings were saved, and for **Send a test to me**, whose message
    has a *key* like `trial-7-1790000000` and the *kind* `login`. *sender_name* is the account's
    name, or for a magic link who asked for it, *reply_to* the address of the member of staff who
    sent it, or nothing. *attempt* is 1 for the first; *expires_at* is when the link stops working.
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

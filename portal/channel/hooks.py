"""What hooks are told and what they answer with, beside channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.channel.kinds import Kind
from portal.channel.places import is_public

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Operator:
    """What the operator set for the whole installation, handed to `portal_channels`.

    *smtp_url* is empty when no mail server is set. *portal_host* is the host of PORTAL_URL.
    *bounce_address* is where undeliverable mail comes back to, and *bounce_mailbox* the
    `imaps://user:password@host/folder` that it can be fetched from. *private_hosts* are the names
    and addresses inside the operator's network that accounts may have called, `*` for any: ask
    `may_reach(host, address)` before you connect to a *host* that staff of an account typed, with
    the IP *address* that you connect to.
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
    private_hosts: tuple[str, ...] = THIS_MACHINE

    def may_reach(self, host: str, address: str) -> bool:
        """Tell whether an account may have *address* called, for which its *host* stands."""
        listed = self.private_hosts
        return is_public(address) or "*" in listed or not {host.lower(), address}.isdisjoint(listed)


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
    """Who looks at a section: never more than the account's slug and the contact's own data.

    In a *is_view* it is staff who look, at what this contact would see: show no secrets, count no
    visit, and know that every press on the page will be refused.
    """

    account_slug: str
    account_name: str
    contact_name: str
    contact_email: str
    external_id: str
    is_view: bool = False

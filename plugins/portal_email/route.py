"""Which way a message goes: whose server, whose address, whose bounce address, whose signature."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parseaddr
from functools import cached_property
from ipaddress import ip_address

from portal.channel import AuthenticationError, Operator, PermanentError, Settings
from portal_email.addresses import Address, parse, to_ascii
from portal_email.claims import (
    accounts_signer,
    address_in,
    is_within,
    own_sender,
    own_server,
)
from portal_email.dkim import Signer, signer
from portal_email.mailbox import Mailbox
from portal_email.server import Server
from portal_email.verp import tagged


@dataclass(frozen=True)
class Route:
    """How a message leaves. *bounces* is None where reports come back to the sender itself."""

    server: Server
    sender: Address
    sender_name: str = ""
    bounces: Address | None = None
    signer: Signer | None = None

    def envelope_sender(self, key: str) -> Address:
        return tagged(self.bounces, key) if self.bounces else self.sender


class Routes:
    """Finds the route for an account's settings over what the operator set.

    Raises AuthenticationError, with what to set, when either is no use.
    """

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def route(self, settings: Settings) -> Route:
        """Return the way that a message of this account goes."""
        if not settings:
            return self._usual
        server, sender = own_server(settings, self._operator), own_sender(settings)
        return Route(
            server=server or self.server,
            sender=sender or self.sender,
            sender_name=str(settings.get("from_name") or ""),
            bounces=self._bounces(settings, server),
            signer=self._signer(settings, sender, has_server=server is not None),
        )

    def mailbox(self, settings: Settings) -> Mailbox | None:
        """Return where bounces are fetched: the account's own mailbox, or the operator's.

        An account without one has none: what lies in the operator's is not for its eyes.
        """
        try:
            own = Mailbox.of(settings, self._operator)
        except ValueError as error:
            raise AuthenticationError(str(error), cause="not_allowed") from None
        if own or settings.account.slug or not self._operator.bounce_mailbox:
            return own
        with _understood("PORTAL_BOUNCE_MAILBOX"):
            return Mailbox.from_url(self._operator.bounce_mailbox)

    @cached_property
    def server(self) -> Server:
        """The operator's mail server."""
        if not self._operator.smtp_url:
            reason = "No mail server is set. Set PORTAL_SMTP_URL."
            raise AuthenticationError(reason, cause="not_allowed")
        with _understood("PORTAL_SMTP_URL"):
            return Server.from_url(self._operator.smtp_url)

    @cached_property
    def sender(self) -> Address:
        """The operator's From address."""
        written = parseaddr(self._operator.mail_from)[1]
        return _set_by_operator("PORTAL_MAIL_FROM", written or f"no-reply@{self._mail_domain}")

    @cached_property
    def hello(self) -> str:
        """Our name for the greeting; RFC 5321 wants an address in brackets where there is none."""
        host = self._operator.portal_host
        if _is_ip(host):
            return f"[IPv6:{host}]" if ":" in host else f"[{host}]"
        return host if "." in host else "[127.0.0.1]"

    @cached_property
    def _usual(self) -> Route:
        """The way of messages of accounts that have set nothing, which are most."""
        bounces, signer = self._operators_bounces, self._operators_signer
        return Route(self.server, self.sender, bounces=bounces, signer=signer)

    def _bounces(self, settings: Settings, server: Server | None) -> Address | None:
        """The account's bounce address where it may use it, else the one of the server's owner.

        It may within its proved domain, and by its own server, which then decides. A server that
        wants no sign-in may be the operator's own, called by its other name.
        """
        own = address_in(settings, "bounce_address")
        is_proved = own and is_within(own.domain, settings.facts.get("verified_domain", ""))
        if own and (is_proved or (server and server.user)):
            return own
        return None if server else self._operators_bounces

    @cached_property
    def _operators_bounces(self) -> Address | None:
        written = parseaddr(self._operator.bounce_address)[1]
        return _set_by_operator("PORTAL_BOUNCE_ADDRESS", written) if written else None

    def _signer(
        self, settings: Settings, own: Address | None, *, has_server: bool
    ) -> Signer | None:
        key, selector = settings.get("dkim_key"), settings.get("dkim_selector")
        if own and key and selector:
            return accounts_signer(own.domain, str(selector), str(key))
        if own and has_server:
            return None  # that server's own affair
        return self._operators_signer

    @cached_property
    def _operators_signer(self) -> Signer | None:
        by = self._operator
        if not (by.dkim_domain and by.dkim_selector and by.dkim_key):
            return None
        try:
            return signer(to_ascii(by.dkim_domain), by.dkim_selector, by.dkim_key)
        except (ValueError, PermanentError) as error:
            reason = f"PORTAL_DKIM_KEY cannot sign: {error}"
            raise AuthenticationError(reason, cause="not_allowed") from None

    @property
    def _mail_domain(self) -> str:
        host = self._operator.portal_host
        return "localhost" if _is_ip(host) else host


@contextmanager
def _understood(name: str) -> Iterator[None]:
    """Turn a ValueError about the setting *name* into words for the operator."""
    try:
        yield
    except ValueError as error:
        reason = f"{name} is not understood: {error}."
        raise AuthenticationError(reason, cause="not_allowed") from None


def _set_by_operator(name: str, address: str) -> Address:
    try:
        return parse(address)
    except PermanentError:
        reason = f"{name} is not an e-mail address."
        raise AuthenticationError(reason, cause="not_allowed") from None


def _is_ip(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True

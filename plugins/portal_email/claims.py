"""What an account says is its own, and how much of it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.channel import AuthenticationError, Operator, PermanentError, Settings
from portal_email.addresses import Address, parse
from portal_email.dkim import Signer, signer
from portal_email.server import Server


def own_server(settings: Settings, operator: Operator) -> Server | None:
    """Return the account's own mail server, if it has one.

    Raises AuthenticationError when it would send a password in clear to another machine.
    """
    try:
        return Server.of(settings, operator)
    except ValueError as error:
        raise AuthenticationError(str(error), cause="not_allowed") from None


def own_sender(settings: Settings) -> Address | None:
    """Return the account's From address if its domain is proved to be the account's, else None.

    Without this rule one account could send as anybody through the operator's server.
    """
    wanted = address_in(settings, "from_address")
    if wanted and wanted.domain == settings.facts.get("verified_domain"):
        return wanted
    return None


def address_in(settings: Mapping[str, Any], name: str) -> Address | None:
    """Return the address that was typed as *name*, or None when there is none that can be used."""
    try:
        return parse(str(settings[name])) if settings.get(name) else None
    except PermanentError:
        return None


def is_within(domain: str, verified: str) -> bool:
    return bool(verified) and (domain == verified or domain.endswith(f".{verified}"))


def accounts_signer(domain: str, selector: str, key: str) -> Signer:
    """Return the signer for an account's own key. Raises AuthenticationError."""
    try:
        return signer(domain, selector, key)
    except ValueError as error:  # as with settings that another version has stored
        raise AuthenticationError(
            f"The DKIM key cannot sign: {error}", cause="not_allowed"
        ) from None

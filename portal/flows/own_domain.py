"""Own domain: an account asks for a host of its own, or gives one up."""

from __future__ import annotations

from portal.db import atomic
from portal.errors import DomainError
from portal.languages import _
from portal.models import account_choices
from portal.models.account import Account
from portal.models.account_domain import AccountDomain, wanted_host
from portal.models.event import Event
from portal.models.staff import Staff


@atomic
def ask_for_domain(account: Account, typed: str, *, by: Staff, request_id: str = "") -> str:
    """Wait for the records of the host *typed*; return it. What another account asked for does
    not matter: whoever proves it in DNS gets it.

    Raises AddressError for what is no host an account may have, DomainError when one is in use.
    """
    host = wanted_host(typed)
    account_choices.locked(account.id)
    known = AccountDomain.of(account.id)
    if known is not None and known.held_host is not None:
        raise DomainError(_("A domain is in use. Remove it first, then ask for another."))
    if AccountDomain.is_below_another(host, account.id):
        raise DomainError(_("This name lies below the domain of another portal. Type another."))
    if known is None or known.host != host:
        AccountDomain.ask(account.id, host)
        _record("domain_asked", account, host, by, request_id)
    return host


@atomic
def say_proxied(
    account: Account, *, is_proxied: bool, by: Staff, request_id: str = ""
) -> AccountDomain | None:
    """Keep whether a proxy of the account's own stands between its host and the portal."""
    account_choices.locked(account.id)
    known = AccountDomain.of(account.id)
    if known is not None and known.is_proxied != is_proxied:
        known.is_proxied = is_proxied
        _record("domain_changed", account, known.host, by, request_id, is_proxied=is_proxied)
    return known


@atomic
def remove_domain(account: Account, *, by: Staff, request_id: str = "") -> str:
    """Let links begin with PORTAL_URL again, and requests to the host be refused; return it.

    Links that were sent with the host do not open any more.
    """
    held = account_choices.locked(account.id)
    known = AccountDomain.of(account.id)
    if known is None:
        return ""
    held.domain, held.domain_since = "", None
    AccountDomain.drop(account.id)
    _record("domain_removed", account, known.host, by, request_id)
    return known.host


def _record(
    kind: str, account: Account, host: str, by: Staff, request_id: str, **detail: object
) -> None:
    Event.record(
        kind,
        account_id=account.id,
        by=by,
        request_id=request_id,
        detail={"host": host, **detail},
    )

"""The records of an own domain, and in plain words what the DNS said of each."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from portal.domain_look import Look
from portal.languages import _
from portal.models.account_domain import AccountDomain

SHOWN = 4  # values of a name, which can have hundreds


class Record(NamedTuple):
    """One record to set, and what was found instead or is right; *tone* is that of a notice."""

    id: str
    kind: str
    name: str
    value: str
    said: str
    tone: str


def look_of(domain: AccountDomain) -> Look | None:
    """Return what the last look found, if there was one."""
    return Look.of(domain.found) if domain.found else None


def records(domain: AccountDomain, hostname: str) -> tuple[Record, Record]:
    """Return the record that proves and the one that leads here. *hostname* is PORTAL_URL's."""
    seen, kind, value = look_of(domain), *_target(hostname)
    return (
        Record("proof", "TXT", domain.challenge, domain.proof, *_proof_words(domain, seen)),
        Record("address", kind, domain.host, value, *_address_words(domain, seen, hostname)),
    )


def _target(hostname: str) -> tuple[str, str]:
    if hostname == "localhost":
        return "A", "127.0.0.1"
    try:
        return "A", str(ipaddress.ip_address(hostname))
    except ValueError:
        return "CNAME", hostname


def _proof_words(domain: AccountDomain, seen: Look | None) -> tuple[str, str]:
    if seen is None:
        return _("Not looked for yet."), ""
    if not seen.needs_proof:
        return _("Not needed: this name leads to this machine alone, wherever it is typed."), "good"
    if seen.texts is None:
        return _no_answer()
    if domain.proof in seen.texts:
        return _("Found."), "good"
    if not seen.texts:
        return _("Not found: there is no such record yet."), "note"
    return _("Found with another value: %(values)s", values=_few(seen.texts)), "note"


def _address_words(domain: AccountDomain, seen: Look | None, hostname: str) -> tuple[str, str]:
    if seen is None:
        return _("Not looked for yet."), ""
    if seen.addresses is None:
        return _no_answer()
    there = _few(seen.addresses)
    if seen.is_alias:
        return _("Found: it leads to %(host)s.", host=hostname), "good"
    if not seen.addresses:
        return _("Not found: the name leads nowhere yet."), "note"
    if domain.is_proxied:
        return _("It leads to %(there)s, which is your proxy, as you said.", there=there), "good"
    if seen.leads_here(is_proxied=False):
        return _("Found: it leads to %(there)s, where this portal is.", there=there), "good"
    if not seen.here:
        words = _("It leads to %(there)s. Where this portal is was not found out.", there=there)
        return words, "note"
    here = _few(seen.here)
    return _("It leads to %(there)s, this portal is at %(here)s.", there=there, here=here), "note"


def _no_answer() -> tuple[str, str]:
    return _("The DNS did not answer. That changes nothing; it is asked again."), "note"


def _few(values: list[str]) -> str:
    shown = ", ".join(value[:100] for value in values[:SHOWN])
    return f"{shown} …" if len(values) > SHOWN else shown

"""Accounts' own domains: their records, and whether browsers reach the portal there."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from portal.channel import Finding
from portal.config import Settings
from portal.db import db
from portal.doctor.fetching import FAILURES, fetch, why
from portal.domain_look import look
from portal.models.account_domain import AccountDomain

AT_MOST = 10
"""Domains of one examination; with --account it is the one of that account."""
SECONDS = 60.0


def own(found: Settings, slug: str) -> Iterator[Finding]:
    """Look at the domains that are answered for; nothing is changed by what is found."""
    domains = AccountDomain.in_use(slug, limit=AT_MOST + 1)
    db.session.rollback()  # no transaction stays open while name servers think
    if not domains:
        yield Finding("good", "Domains", "None is in use.")
    if len(domains) > AT_MOST:
        words = f"The first {AT_MOST} are looked at. Name an account with --account for its own."
        yield Finding("note", "Domains", words)
    for domain in domains[:AT_MOST]:
        yield _records(domain, found)
        yield _page(domain.host, found)


def _records(domain: AccountDomain, found: Settings) -> Finding:
    seen = look(domain.host, domain.challenge, found)
    if seen.is_whole(domain.proof, is_proxied=domain.is_proxied):
        return Finding("good", domain.host, "Its records are right.")
    if seen.proves(domain.proof) is False:
        words = "Its proof is gone: set this TXT record again."
        return Finding("bad", domain.host, words, record=f"{domain.challenge} TXT {domain.proof}")
    if seen.leads_here(is_proxied=domain.is_proxied) is False:
        leads = ", ".join(seen.addresses or []) or "nowhere"
        return Finding("bad", domain.host, f"It leads to {leads}, and not to this portal.")
    return Finding("note", domain.host, "The DNS did not answer. Ask again later.")


def _page(host: str, found: Settings) -> Finding:
    try:
        answer = fetch(found.url_at(host), "/healthz")
    except ssl.SSLCertVerificationError as error:
        words = f"Browsers will refuse it: {error.verify_message}. Let the proxy get a certificate."
        return Finding("bad", host, words)
    except FAILURES as error:
        return Finding("bad", host, f"It does not answer: {why(error)}. See the proxy in front.")
    if answer.body.strip() != b"ok":
        return Finding("bad", host, f"It answers {answer.status}, and not as Portico does.")
    return Finding("good", host, f"It answers in {answer.seconds * 1000:.0f} ms.")

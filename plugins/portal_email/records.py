"""Looks at the DNS records that decide whether a domain's mail is believed.

Each function returns findings; whoever has a domain and a `Dns` may call them. A DNS server that
does not answer is a note, not a failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from portal.channel import Finding
from portal_email import spf
from portal_email.dkim import Signer
from portal_email.lookup import Dns, NoAnswerError
from portal_email.server import Server, is_loopback

P = ParamSpec("P")
Look = Callable[Concatenate[Dns, P], Finding]

NOT_PUBLIC = re.compile(r"(?:[^.]*|.*\.(?:localhost|localdomain|local|internal|invalid))")


def is_public(domain: str) -> bool:
    """Tell whether *domain* can have records at all (RFC 6761, RFC 6762)."""
    return not NOT_PUBLIC.fullmatch(domain)


def proof_record(domain: str, proof: str) -> tuple[str, str]:
    """Return the name and the text of the TXT record that proves who owns *domain*."""
    return f"_portico.{domain}", f"portico-verify={proof}"


def as_line(name: str, value: str) -> str:
    """Return a TXT record as one line to copy."""
    return f'{name} TXT "{value}"'


def looks_up(title: str) -> Callable[[Look[P]], Look[P]]:
    """Turn a question that the DNS leaves open into a note."""

    def around(look: Look[P]) -> Look[P]:
        @wraps(look)
        def guarded(dns: Dns, /, *args: P.args, **options: P.kwargs) -> Finding:
            try:
                return look(dns, *args, **options)
            except NoAnswerError:
                return Finding("note", title, "The DNS gave no answer. Check again later.")

        return guarded

    return around


@looks_up("SPF")
def spf_of(dns: Dns, domain: str, server: Server) -> Finding:
    """Return whether the SPF record of *domain* is sound and allows *server*."""
    names = "" if is_loopback(server.host) else _mechanism(server.host)
    found = spf.records(dns, domain)
    if not found:
        detail = f"{domain} has no SPF record: many servers take its mail for forged."
        wanted = " ".join(part for part in ("v=spf1", names or "mx", "~all") if part)
        return Finding("bad", "SPF", detail, as_line(domain, wanted))
    if len(found) > 1:
        return Finding(
            "bad", "SPF", f"{domain} has {len(found)} SPF records, so none counts. Keep one."
        )
    senders = dns.addresses(server.host) if names and not names.startswith("ip") else []
    senders += [server.host.strip("[]")] if names.startswith("ip") else []
    return _spf_finding(domain, found[0], spf.Spf(senders).read(dns, domain, found[0]), names)


def _spf_finding(domain: str, record: str, found: spf.Spf, names: str) -> Finding:
    if found.broken:
        detail = f"The SPF record includes {found.broken[0]}, which has no SPF record of its own."
        return Finding("bad", "SPF", detail)
    if found.lookups > spf.MOST_LOOKUPS:
        detail = f"The SPF record of {domain} needs more than 10 lookups, so it does not count."
        return Finding("bad", "SPF", f"{detail} Remove includes that are no longer used.")
    if found.ending == "+":
        detail = f"The SPF record of {domain} ends in +all: anybody may send in its name."
        return Finding("bad", "SPF", detail, as_line(domain, _ended(record)))
    if found.ending not in {"-", "~"}:
        detail = f"The SPF record of {domain} does not end in -all or ~all."
        return Finding("note", "SPF", detail, as_line(domain, _ended(record)))
    if names and not found.allows:
        detail = (
            "The record is sound but does not name the mail server itself. That is right when "
            "your provider sends from other addresses that it includes; else add the server."
        )
        wanted = record.replace("v=spf1", f"v=spf1 {names}", 1)
        return Finding("note", "SPF", detail, as_line(domain, wanted))
    return Finding("good", "SPF", f"{domain}: {record}")


@looks_up("DKIM")
def dkim_of(dns: Dns, signer: Signer) -> Finding:
    """Return whether receivers find the public half of our key."""
    line = as_line(signer.record_name, signer.record)
    found = [_tags(text) for text in dns.texts(signer.record_name)]
    published = [tags["p"] for tags in found if "p" in tags]
    ours = _tags(signer.record)["p"]
    if not published:
        return Finding("bad", "DKIM", f"There is no record at {signer.record_name}.", line)
    if ours not in published:
        detail = f"The record at {signer.record_name} is not our key's: signatures fail."
        return Finding("bad", "DKIM", detail, line)
    if len(published) > 1:
        detail = f"There are {len(published)} records at {signer.record_name}. Keep ours alone."
        return Finding("bad", "DKIM", detail, line)
    return Finding("good", "DKIM", f"Messages are signed for {signer.domain}.")


@looks_up("DMARC")
def dmarc_of(dns: Dns, domain: str) -> Finding:
    """Return the DMARC policy of *domain*, its own or its parent's (RFC 7489 section 6.6.3)."""
    for each in _with_parents(domain):
        found = [text for text in dns.texts(f"_dmarc.{each}") if text.startswith("v=DMARC1")]
        if len(found) > 1:
            detail = f"_dmarc.{each} has {len(found)} DMARC records, so none counts. Keep one."
            return Finding("bad", "DMARC", detail)
        if found:
            policy = _tags(found[0]).get("p", "").lower()
            return _policy(each, policy, found[0])
    line = as_line(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}")
    detail = f"{domain} has no DMARC record. Large providers want one from those who send much."
    return Finding("note", "DMARC", detail, line)


@looks_up("MX")
def mx_of(dns: Dns, domain: str) -> Finding:
    """Return whether answers to *domain* arrive anywhere."""
    found = dns.mail_servers(domain)
    if "" in found:
        detail = f"{domain} says that it takes no mail: answers are lost, and some servers refuse."
        return Finding("bad", "MX", detail)
    if found:
        return Finding("good", "MX", f"Mail to {domain} goes to {', '.join(sorted(found)[:3])}.")
    if dns.addresses(domain):
        return Finding("note", "MX", f"{domain} has no MX record; mail goes to its own address.")
    return Finding("bad", "MX", f"Nothing takes mail for {domain}: answers and bounces are lost.")


def _policy(domain: str, policy: str, record: str) -> Finding:
    if policy in {"quarantine", "reject"}:
        return Finding("good", "DMARC", f"{domain}: {record}")
    if policy == "none":
        detail = f"{domain}: p=none only watches. Raise it when SPF and DKIM are good."
        return Finding("note", "DMARC", detail)
    line = as_line(f"_dmarc.{domain}", "v=DMARC1; p=none")
    return Finding("bad", "DMARC", f"The DMARC record of {domain} has no policy (p=).", line)


def _with_parents(domain: str) -> list[str]:
    labels = domain.split(".")
    return [".".join(labels[n:]) for n in range(max(1, len(labels) - 1))][:8]


def _mechanism(host: str) -> str:
    bare = host.strip("[]")
    if ":" in bare:
        return f"ip6:{bare}"
    return f"ip4:{bare}" if bare.replace(".", "").isdigit() else f"a:{bare}"


def _ended(record: str) -> str:
    kept = [term for term in record.split() if term.lstrip("+-~?").lower() != "all"]
    return " ".join([*kept, "~all"])


def _tags(record: str) -> dict[str, str]:
    """Return the tags of a DKIM or DMARC record, RFC 6376 section 3.2."""
    pairs = (pair.partition("=") for pair in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs if name.strip()}

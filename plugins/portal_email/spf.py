"""Reads a domain's SPF record as receivers do, RFC 7208, as far as a check can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from portal_email.lookup import Dns

MOST_LOOKUPS = 10  # RFC 7208 section 4.6.4
VERSION = "v=spf1"


def records(dns: Dns, domain: str) -> list[str]:
    """Return the SPF records of *domain*; there should be exactly one."""
    return [text for text in dns.texts(domain) if text.lower().split(" ")[0] == VERSION]


@dataclass
class Spf:
    """What the record of a domain amounts to for mail from *senders*, addresses of one host.

    *ending* is the qualifier of its `all`, or nothing; *broken* names an included domain without
    one record of its own.
    """

    senders: Iterable[str] = ()
    lookups: int = 0
    ending: str = ""
    allows: bool = False
    broken: list[str] = field(default_factory=list)

    def read(self, dns: Dns, domain: str, record: str, *, is_first: bool = True) -> Spf:
        """Follow *record*, the one of *domain*. Raises NoAnswerError."""
        redirect = ""
        for term in record.split()[1:]:
            qualifier = term[0] if term[0] in "+-~?" else "+"
            name, value, width = _parsed(term.lstrip("+-~?"))
            if name == "redirect":
                redirect = value
            elif name == "all" and is_first:
                self.ending = qualifier
            elif qualifier == "+":
                self._follow(dns, domain, name, value, width)
        if redirect and not self.ending and self._may_look_up():
            self._include(dns, redirect, is_first=is_first)
        return self

    def _follow(self, dns: Dns, domain: str, name: str, value: str, width: str) -> None:
        if name in {"ip4", "ip6"}:
            self._compare([value], width)
        elif name in {"include", "a", "mx", "ptr", "exists"} and self._may_look_up():
            if name == "include":
                self._include(dns, value, is_first=False)
            elif name == "a":
                self._compare(_unless_macro(dns, value or domain), width)
            elif name == "mx":
                hosts = [] if "%" in value else dns.mail_servers(value or domain)[:10]
                self._compare([a for host in hosts if host for a in dns.addresses(host)], width)

    def _may_look_up(self) -> bool:
        self.lookups += 1
        return self.lookups <= MOST_LOOKUPS

    def _include(self, dns: Dns, domain: str, *, is_first: bool) -> None:
        if "%" in domain:
            return
        found = records(dns, domain)
        if len(found) == 1:
            self.read(dns, domain, found[0], is_first=is_first)
        else:
            self.broken.append(domain)

    def _compare(self, addresses: Iterable[str], width: str) -> None:
        for address in addresses:
            try:
                network = ip_network(f"{address}/{width}" if width else address, strict=False)
            except ValueError:
                continue
            self.allows |= any(ip_address(sender) in network for sender in self.senders)


def _parsed(term: str) -> tuple[str, str, str]:
    """Return a term's name, its value and the width of its network, RFC 7208 section 12."""
    name, separator, value = term.partition("=" if term.startswith(("redirect=", "exp=")) else ":")
    if not separator:
        name, _, width = term.partition("/")
        return name.lower(), "", width.split("/")[0]
    value, _, width = value.partition("/")
    return name.lower(), value, width.split("/")[0]


def _unless_macro(dns: Dns, name: str) -> list[str]:
    return [] if "%" in name else dns.addresses(name)

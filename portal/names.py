"""Asks the DNS about names, within a time; no answer is never taken for "there is none"."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterable, Iterator
from typing import Any

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

PATIENCE_SECONDS = 2.0
"""For one question."""


class NoAnswerError(Exception):
    """The DNS did not say whether there is such a record: nothing follows from that."""


def server_address(server: str) -> tuple[str, int]:
    """Return address and port of a name server. Raises ValueError when it has neither."""
    host, _, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "53")
    try:
        address, number = str(ipaddress.ip_address(host)), int(port)
    except ValueError:
        address, number = "", 0
    if not 0 < number < 65536:
        raise ValueError("must be addresses of name servers, such as 9.9.9.9 or 127.0.0.1:5353")
    return address, number


class Names:
    """The DNS as *servers* see it, or this machine's own, asked for *seconds* in all.

    Once a question has met nobody the others are not asked: each would take as long.
    """

    def __init__(self, servers: Iterable[str], *, seconds: float) -> None:
        self._resolver = dns.resolver.Resolver(configure=not servers)
        if servers:
            found = [dns.nameserver.Do53Nameserver(*server_address(one)) for one in servers]
            self._resolver.nameservers = list(found)
        self._until = time.monotonic() + seconds

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of *name*. Raises NoAnswerError."""
        found = self._ask(name, "TXT")
        return [b"".join(record.strings).decode("utf-8", "replace") for record in found.records]

    def addresses(self, name: str) -> tuple[list[str], list[str]]:
        """Return the addresses of *name*, IPv4 first, and the names that it is an alias of.

        Raises NoAnswerError.
        """
        both = [self._ask(name, kind) for kind in ("A", "AAAA")]
        addresses = [record.address for found in both for record in found.records]
        return addresses, list(dict.fromkeys(alias for found in both for alias in found.aliases))

    def _ask(self, name: str, kind: str) -> _Found:
        left = self._until - time.monotonic()
        if left <= 0:
            raise NoAnswerError
        try:
            whole = dns.name.from_text(name)
            return _Found(
                self._resolver.resolve(
                    whole, kind, raise_on_no_answer=False, lifetime=min(PATIENCE_SECONDS, left)
                )
            )
        except dns.resolver.NXDOMAIN as error:
            return _Found(None, error)
        except dns.exception.Timeout:
            self._until = 0.0
            raise NoAnswerError from None
        except (dns.exception.DNSException, OSError, ValueError):
            raise NoAnswerError from None


class _Found:
    """The records of one answer, and the aliases that led to them."""

    def __init__(self, answer: Any, missing: dns.resolver.NXDOMAIN | None = None) -> None:
        self.records = list(answer.rrset or ()) if answer else []
        replies = [answer.response] if answer else list(_replies(missing))
        self.aliases = [
            record.target.to_text(omit_final_dot=True).lower()
            for reply in replies
            for rrset in reply.answer
            if rrset.rdtype == dns.rdatatype.CNAME
            for record in rrset
        ]


def _replies(missing: dns.resolver.NXDOMAIN | None) -> Iterator[Any]:
    """Yield the answers that said that there is no such name: an alias may lead to none."""
    responses = missing.kwargs.get("responses", {}) if missing else {}
    yield from responses.values()

"""Asks the DNS, with a limit to its patience."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

PATIENCE = 2.0  # seconds for one question


class NoAnswerError(Exception):
    """The DNS did not say whether there is such a record: nothing follows from that."""


class Dns:
    """The DNS as this machine sees it, or as *servers*, pairs of address and port, see it.

    *patience* is in seconds, for one question. Once a question has met nobody, the others of the
    same minute are not asked: each would take as long.
    """

    def __init__(
        self, servers: Sequence[tuple[str, int]] = (), *, patience: float = PATIENCE
    ) -> None:
        self._servers, self._patience = servers, patience
        self._away_until = 0.0
        self._deadline = float("inf")

    def until(self, deadline: float) -> Dns:
        """Return the same DNS, to be asked until *deadline*, a time of `time.monotonic`."""
        found = Dns(self._servers, patience=self._patience)
        found._deadline = deadline
        return found

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of *name*. Raises NoAnswerError."""
        found = []
        for record in self._ask(name, "TXT"):
            found.append(b"".join(record.strings).decode("utf-8", "replace"))
        return found

    def mail_servers(self, domain: str) -> list[str]:
        """Return the hosts of the MX records; one that is empty says "no mail" (RFC 7505)."""
        return [record.exchange.to_text().rstrip(".") for record in self._ask(domain, "MX")]

    def addresses(self, name: str) -> list[str]:
        """Return the IPv4 and IPv6 addresses of *name*. Raises NoAnswerError."""
        return [record.address for kind in ("A", "AAAA") for record in self._ask(name, kind)]

    def _ask(self, name: str, kind: str) -> Sequence[Any]:
        if not self._away_until <= time.monotonic() < self._deadline:
            raise NoAnswerError
        try:
            whole = dns.name.from_text(name)
            return list(self._resolver.resolve(whole, kind, raise_on_no_answer=False).rrset or ())
        except dns.resolver.NXDOMAIN:
            return []
        except dns.exception.Timeout:
            self._away_until = time.monotonic() + 60
            raise NoAnswerError from None
        except (dns.exception.DNSException, OSError, ValueError):
            raise NoAnswerError from None

    @cached_property
    def _resolver(self) -> dns.resolver.Resolver:
        found = dns.resolver.Resolver(configure=not self._servers)
        if self._servers:
            found.nameservers = [dns.nameserver.Do53Nameserver(*each) for each in self._servers]
        found.lifetime = self._patience
        return found

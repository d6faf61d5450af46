"""A look at the DNS for an account's own domain: what is there, and what follows from it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from portal.config import Settings
from portal.names import Names, NoAnswerError

SECONDS = 6.0
"""For all questions of one look."""
KEPT, KEPT_LENGTH = 20, 200
_LOOPBACK = ["127.0.0.1", "::1"]
T = TypeVar("T")


class Look(NamedTuple):
    """What the DNS says; None where it did not answer.

    *here* are the addresses of PORTAL_URL. *needs_proof* is off for names that lead to this
    machine alone, wherever they are asked for (RFC 6761, 6.3).
    """

    texts: list[str] | None
    addresses: list[str] | None
    here: list[str] | None
    is_alias: bool = False
    needs_proof: bool = True

    @classmethod
    def of(cls, found: dict[str, Any]) -> Look:
        """Return what was written down of a look."""
        return cls(**{name: found[name] for name in cls._fields if name in found})

    def kept(self, proof: str) -> dict[str, Any]:
        """Return what is written down: strangers' records can be many, long and odd."""
        texts = self.texts and [
            text.replace("\0", "")[:KEPT_LENGTH]
            for text in sorted(self.texts, key=lambda text: (text != proof, text))[:KEPT]
        ]
        there = self.addresses and self.addresses[:KEPT]
        return {**self._asdict(), "texts": texts, "addresses": there}

    def proves(self, proof: str) -> bool | None:
        if not self.needs_proof:
            return True
        return None if self.texts is None else proof in self.texts

    def leads_here(self, *, is_proxied: bool) -> bool | None:
        """Tell whether clients of the host come to this portal, as far as the DNS can say."""
        if self.is_alias:
            return True
        if self.addresses is None:
            return None
        if not self.addresses or is_proxied:
            return bool(self.addresses)
        # Without an address of our own the fault is not the account's.
        return not {*self.addresses}.isdisjoint(self.here) if self.here else None

    def is_whole(self, proof: str, *, is_proxied: bool) -> bool | None:
        """Tell whether both records are there; None when that could not be found out."""
        both = (self.proves(proof), self.leads_here(is_proxied=is_proxied))
        return False if False in both else None if None in both else True


def look(host: str, challenge: str, found: Settings) -> Look:
    """Ask the DNS about *host*. No transaction may be open: a name server thinks for seconds."""
    if found.is_loopback and host.endswith(".localhost"):
        return Look([], _LOOPBACK, _LOOPBACK, needs_proof=False)
    names = Names(found.dns_servers, seconds=SECONDS)
    texts = _answered(lambda: names.texts(challenge))
    there = _answered(lambda: names.addresses(host))
    addresses, aliases = there or (None, [])
    here = _answered(lambda: _here(names, found.hostname))
    return Look(texts, addresses, here, is_alias=found.hostname in aliases and bool(addresses))


def _here(names: Names, hostname: str) -> list[str]:
    if hostname == "localhost":
        return _LOOPBACK
    try:
        return [str(ipaddress.ip_address(hostname))]
    except ValueError:
        return names.addresses(hostname)[0]


def _answered(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except NoAnswerError:
        return None

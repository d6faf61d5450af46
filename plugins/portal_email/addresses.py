"""E-mail addresses as the wire wants them."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

import idna

from portal.channel import PermanentError

NOT_AN_ADDRESS = "This is not an e-mail address that mail can be sent to."

# RFC 5322 atext and dots (some carriers gave out "a..b"), and RFC 6531 letters beyond ASCII.
LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-\u00a1-\U0010ffff]{1,64}")
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})*")


class Address(NamedTuple):
    """A mailbox, its domain already in the ASCII form of IDNA 2008."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        return self.local.isascii()


def parse(address: str) -> Address:
    """Read *address*. Raises PermanentError when no mail can be sent to it."""
    local, at, domain = address.strip().rpartition("@")
    if not at or not LOCAL.fullmatch(local) or not local.isprintable():
        raise PermanentError(NOT_AN_ADDRESS, cause="bad_address")
    if len(local.encode()) > 64:  # RFC 5321 section 4.5.3.1.1, in octets
        raise PermanentError(NOT_AN_ADDRESS, cause="bad_address")
    return Address(local, to_ascii(domain))


def host_to_ascii(host: str) -> str:
    """Return the name of a server as the DNS knows it, and an IP address as it is.

    Python's own sockets would take the older IDNA 2003. Raises ValueError.
    """
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        pass
    try:
        return to_ascii(host)
    except PermanentError:
        raise ValueError("it names no server") from None


@lru_cache(maxsize=1024)
def to_ascii(domain: str) -> str:
    """Return *domain* as IDNA 2008 with UTS 46 mapping writes it: `straße.de` keeps its ß.

    The older IDNA 2003 turns it into `strasse.de`, which belongs to somebody else.
    """
    try:
        ascii_form = idna.encode(domain, uts46=True).decode() if domain else ""
    except (idna.IDNAError, UnicodeError):
        ascii_form = domain.lower()
    if not DOMAIN.fullmatch(ascii_form):
        raise PermanentError(NOT_AN_ADDRESS, cause="bad_address")
    return ascii_form

"""Scanners: by which signs a program that opens the links in mail is told from a person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NamedTuple

_CERTAIN = frozenset({"name", "method", "ahead", "network"})
"""One of these is enough. Of the others, two: a person may be quick, or turn cookies off."""
_NAMES = re.compile(
    r"bot\b|crawl|spider|scan|preview|proxy|headless|barracuda|proofpoint|mimecast|trendmicro|"
    r"symantec|fortinet|sophos|zscaler|urldefense|safelinks|facebookexternalhit|whatsapp|curl/|"
    r"wget|python|java/|okhttp|go-http-client|libwww|axios|node-fetch|php/|ruby",
    re.IGNORECASE,
)
_OWNERS = {
    # The networks that these name as their own in the SPF records (RFC 7208) of their mail:
    # nobody reads mail there, but links in mail are looked at from there.
    "Microsoft 365": ("40.92.0.0/15", "40.107.0.0/16", "52.100.0.0/15", "104.47.0.0/17",
                      "2a01:111:f400::/48"),
    "Google": ("66.102.0.0/20", "66.249.80.0/20", "72.14.192.0/18", "74.125.0.0/16",
               "209.85.128.0/17"),
    "Proofpoint": ("67.231.144.0/20", "148.163.128.0/19", "205.220.160.0/19"),
    "Barracuda": ("64.235.144.0/20", "209.222.80.0/21"),
    "Mimecast": ("63.128.21.0/24", "205.139.110.0/24", "207.211.30.0/24"),
}  # fmt: skip
_NETWORKS: tuple[tuple[str, IPv4Network | IPv6Network], ...] = tuple(
    (owner, ip_network(one)) for owner, networks in _OWNERS.items() for one in networks
)


class Request(NamedTuple):
    """What a request that opens a link brings with it, from which it is judged.

    *keeps_cookies*: the cookie that the link's address had just set came back. *names_its_fetch*:
    the request has a Sec-Fetch-Mode header (Fetch Metadata), or could not have one without https.
    """

    method: str
    user_agent: str
    accept: str
    languages: str
    purpose: str
    address: str
    keeps_cookies: bool
    names_its_fetch: bool


def signs_of(request: Request) -> list[str]:
    """Return by what *request* looks like one of a program; how soon it came is not known here."""
    claims_a_browser = "text/html" in request.accept and bool(request.languages)
    found = {
        "name": not request.user_agent or bool(_NAMES.search(request.user_agent)),
        "method": request.method == "HEAD",
        "ahead": "prefetch" in request.purpose or "preview" in request.purpose,
        "network": bool(owner_of(request.address)),
        "cookies": not request.keeps_cookies,
        "headers": not (claims_a_browser and request.names_its_fetch),
    }
    return [sign for sign, is_there in found.items() if is_there]


def is_program(signs: Iterable[str]) -> bool:
    """Tell whether *signs* are those of a program rather than of a person."""
    seen = set(signs)
    return bool(seen & _CERTAIN) or len(seen) > 1


@lru_cache(maxsize=1024)
def owner_of(address: str) -> str:
    """Return whose network a program at *address* looks at mail from, or ''."""
    found = _read(address)
    return next((owner for owner, network in _NETWORKS if found and found in network), "")


@lru_cache(maxsize=1024)
def near(address: str) -> str:
    """Return the network that *address* is in, IPv4 by /24 and IPv6 by /48: it tells two places
    apart and names no household."""
    found = _read(address)
    if found is None:
        return ""
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False))


def _read(address: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found

"""Where calls may go: staff choose a gateway's address, and this machine calls it."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from portal.channel import AuthenticationError


def refuse_unless_allowed(
    scheme: str,
    host: str,
    at: IPv4Address | IPv6Address,
    hosts: frozenset[str] | None,
    may_reach: Callable[[str, str], bool],
) -> None:
    """Raise AuthenticationError when *host* must not be called: staff choose it, and it could be
    a service that only this machine can reach.

    The operator's list of gateways decides where there is one. Else https goes to public addresses
    and to those that *may_reach* allows, http to this machine alone and where that is allowed.
    """
    at = getattr(at, "ipv4_mapped", None) or at
    if hosts is not None:
        if host.lower() in hosts:
            return
        reason = f"The operator does not allow {host}. It is missing in SMS_GATEWAY_HOSTS."
    elif scheme != "https" and not at.is_loopback:
        reason = f"{host} needs https://. The operator can allow it in SMS_GATEWAY_HOSTS."
    elif may_reach(host, str(at)):
        return
    else:
        reason = f"{host} is a private address. The operator can allow it in PORTAL_PRIVATE_HOSTS."
    raise AuthenticationError(reason, cause="not_allowed")

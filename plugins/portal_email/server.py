"""Where a mail server is and how to talk to it, read from one URL or from settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from portal.channel import AuthenticationError, Operator
from portal_email.addresses import host_to_ascii

Tls = Literal["starttls", "implicit", "never"]

PORTS = {"smtp": 587, "smtps": 465}  # RFC 6409 and RFC 8314
USUAL_PORTS: dict[Tls, int] = {"starttls": 587, "implicit": 465, "never": 25}
ONLY_HERE = "Without encryption only a server on this machine can be used. Choose STARTTLS or TLS."


@dataclass(frozen=True)
class Server:
    """A mail server. *user* is empty when it wants no sign-in.

    *rules* say where an account's own may be; the operator's may be anywhere.
    """

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = field(default="", repr=False)
    rules: Operator | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> Server:
        """Read `smtp://user:pass@host:587` or `smtps://…`; user and password are percent-decoded.

        Encryption is required unless `?starttls=never`. Raises ValueError, which never repeats
        the password.
        """
        parts = urlsplit(url)
        if parts.scheme not in PORTS:
            raise ValueError("it must begin with smtp:// or smtps://")
        if not parts.hostname:
            raise ValueError("it names no host")
        return cls(
            host=host_to_ascii(parts.hostname),
            port=parts.port or PORTS[parts.scheme],
            tls=_tls(parts),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    @classmethod
    def of(cls, settings: Mapping[str, Any], rules: Operator | None = None) -> Server | None:
        """Return the server that an account typed into its settings, or None.

        Raises ValueError when it would be spoken to in clear and is not on this machine.
        """
        host = str(settings.get("smtp_host") or "").strip()
        if not host:
            return None
        tls = cast(Tls, settings.get("smtp_encryption") or "starttls")
        if tls == "never" and not is_loopback(host):
            raise ValueError(ONLY_HERE)
        return cls(
            host=host_to_ascii(host),
            port=int(settings.get("smtp_port") or USUAL_PORTS[tls]),
            tls=tls,
            user=str(settings.get("smtp_user") or ""),
            password=str(settings.get("smtp_password") or ""),
            rules=rules,
        )


def is_loopback(host: str) -> bool:
    """Tell whether *host* is this machine by its very name, whatever a DNS server says."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def must_be_allowed(rules: Operator | None, host: str, address: str) -> None:
    """Raise AuthenticationError when *host*, which staff typed, leads into the operator's network:
    what answers there would be shown to them."""
    if rules is not None and not rules.may_reach(host, address):
        reason = f"{host} is a private address. The operator can allow it in PORTAL_PRIVATE_HOSTS."
        raise AuthenticationError(reason, cause="not_allowed")


def _tls(parts: SplitResult) -> Tls:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    starttls = options.pop("starttls", "required")
    if options:
        raise ValueError(f"it has an unknown option: {', '.join(sorted(options))}")
    if starttls not in {"required", "never"}:
        raise ValueError("starttls can be required or never")
    if parts.scheme == "smtps":
        return "implicit"
    return "never" if starttls == "never" else "starttls"

"""Where the mail server is and how to talk to it, read from one URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Tls = Literal["starttls", "implicit", "never"]

PORTS = {"smtp": 587, "smtps": 465}  # RFC 6409 and RFC 8314


@dataclass(frozen=True)
class Server:
    """A mail server. *user* is empty when it wants no sign-in."""

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = field(default="", repr=False)

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
            host=parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            tls=_tls(parts),
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


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

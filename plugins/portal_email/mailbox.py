"""Where bounces are fetched, read from one URL or from settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from portal.channel import Operator
from portal_email.addresses import host_to_ascii
from portal_email.server import ONLY_HERE, Tls, is_loopback

PORTS: dict[Tls, int] = {"implicit": 993, "starttls": 143, "never": 143}  # RFC 8314, RFC 9051


@dataclass(frozen=True)
class Mailbox:
    """A folder on an IMAP server. *rules* say where an account's own may be."""

    host: str
    port: int
    tls: Tls
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    rules: Operator | None = field(default=None, repr=False)

    @classmethod
    def from_url(cls, url: str) -> Mailbox:
        """Read `imaps://user:pass@host/folder`, or `imap://…`, which is encrypted by STARTTLS.

        `imap://` to this machine itself is not encrypted. User, password and folder are
        percent-decoded. Raises ValueError, which never repeats the password.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"imap", "imaps"}:
            raise ValueError("it must begin with imaps:// or imap://")
        if not parts.hostname or not parts.username:
            raise ValueError("it must look like imaps://user:password@host/folder")
        in_clear: Tls = "never" if is_loopback(parts.hostname) else "starttls"
        tls: Tls = "implicit" if parts.scheme == "imaps" else in_clear
        return cls(
            host=host_to_ascii(parts.hostname),
            port=parts.port or PORTS[tls],
            tls=tls,
            user=unquote(parts.username),
            password=unquote(parts.password or ""),
            folder=unquote(parts.path.strip("/")) or "INBOX",
        )

    @classmethod
    def of(cls, settings: Mapping[str, Any], rules: Operator | None = None) -> Mailbox | None:
        """Return the mailbox that an account typed into its settings, or None.

        Raises ValueError when it would be spoken to in clear and is not on this machine.
        """
        host = str(settings.get("bounce_host") or "").strip()
        if not host:
            return None
        tls = cast(Tls, settings.get("bounce_encryption") or "implicit")
        if tls == "never" and not is_loopback(host):
            raise ValueError(ONLY_HERE)
        return cls(
            host=host_to_ascii(host),
            port=int(settings.get("bounce_port") or PORTS[tls]),
            tls=tls,
            user=str(settings.get("bounce_user") or ""),
            password=str(settings.get("bounce_password") or ""),
            folder=str(settings.get("bounce_folder") or "INBOX"),
            rules=rules,
        )

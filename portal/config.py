"""Settings of the installation: read from PORTAL_* once, checked, and explained."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from email.utils import parseaddr
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from urllib.parse import parse_qsl, urlsplit

from flask import current_app
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from portal.errors import SettingsError
from portal.key_file import keys_in
from portal.names import server_address

PACKAGE = Path(__file__).resolve().parent
LONGEST_LINK = 76
"""Characters of a link: mail programs that wrap at 78 (RFC 5322, 2.1.1) leave it whole."""
_LINK_TAIL = len("/l/") + 24
_SECRETS = {
    "secret_keys",
    "smtp_url",
    "database_url",
    "queue_url",
    "limit_storage_url",
    "bounce_mailbox",
}
_HOSTED = ("smtp", "redis", "valkey", "imap")
"""Schemes that mean nothing without a host."""
_STARTTLS = (("starttls", "required"), ("starttls", "never"))

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """Each field is the environment variable PORTAL_<NAME>; `port` is PORT. Times in seconds."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore")

    port: int = Field(
        8000, ge=1, le=65535, validation_alias="PORT", description="Port of the web server."
    )
    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    home: Path = Field(Path("var"), description="Folder of the database, the keys and the mailbox.")
    url: str = Field(
        "", description="Where clients and staff reach the portal. Every link begins with it."
    )
    database_url: str = Field("", description="sqlite:///… or postgresql://…")
    queue_url: str = Field("", description="sqlite:///…, postgresql://… or redis://…")
    limit_storage_url: str = Field("", description="redis://… or valkey://… to count limits there.")
    smtp_url: str = Field("", description="smtp://user:password@host:587 or smtps://…")
    mail_from: str = Field("", description="From address of messages: Name <address> or address.")
    bounce_address: str = Field(
        "", description="Where undeliverable mail comes back to; a plus-tag names the message."
    )
    bounce_mailbox: str = Field(
        "", description="imaps://user:password@host/folder to fetch undeliverable mail from."
    )
    dkim_domain: str = Field("", description="Domain that signs e-mail (DKIM).")
    dkim_selector: str = Field("", description="Selector of the signing key's DNS record.")
    dkim_key: Path | None = Field(None, description="PEM file of the signing key.")
    secret_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Keys, newest first, separated by commas; each at least 32 characters."
    )
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="Reverse proxies in front of the portal."
    )
    workers: int = Field(2, ge=1, le=64, description="Processes that send messages.")
    plugins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("*",), description="Plugins to load, by name, separated by commas; * for all."
    )
    web_processes: int = Field(2, ge=1, le=64, description="Processes that answer requests.")
    web_threads: int = Field(2, ge=1, le=64, description="Threads of each web process.")

    limits: Literal["on", "off"] = Field("on", description="off only while the URL is loopback.")
    limit_links_per_minute: Count = Field(1, description="Links one address may ask for a minute.")
    limit_links_per_hour: Count = Field(5, description="Links one address may ask for an hour.")
    limit_links_per_ip: Count = Field(
        60, description="Links one network address may ask for an hour."
    )
    limit_links_per_account: Count = Field(
        1200, description="Links clients of one account may ask for an hour."
    )
    limit_failed_redeems: Count = Field(
        30, description="Failed links and codes of one network address in 5 minutes."
    )
    limit_staff_sign_ins: Count = Field(
        10, description="Failed staff sign-ins of one address in 15 minutes."
    )
    code_tries: Count = Field(5, description="Codes a browser may try for one request.")
    code_tries_per_day: Count = Field(
        10, description="Codes that may be tried for one contact a day."
    )

    life_self: int = Field(600, ge=60, le=3600, description="Life of a link a client asks for.")
    life_magic: int = Field(900, ge=60, le=86400, description="Life of a copied magic link.")
    life_login: int = Field(3600, ge=300, le=86400, description="Life of a login e-mail's link.")
    life_invite: int = Field(604800, ge=3600, le=2592000, description="Life of an invitation.")
    client_idle: Seconds = Field(
        604800, le=2592000, description="A client's browser unused so long is signed out."
    )
    client_session: Seconds = Field(
        2592000, le=2592000, description="Longest time a client stays signed in."
    )
    keep_messages: int = Field(
        0, ge=0, le=3650, description="Days that messages are kept once they ended; 0 for good."
    )
    keep_browsers: int = Field(0, ge=0, le=3650, description="Days that ended sign-ins are kept.")
    keep_runs: int = Field(30, ge=1, le=3650, description="Days that rows of ended runs are kept.")
    staff_idle: Seconds = Field(
        3600, le=43200, description="A staff browser unused so long is signed out."
    )
    staff_session: Seconds = Field(
        43200, le=86400, description="Longest time staff stay signed in."
    )
    lease: int = Field(
        60, ge=20, le=600, description="Seconds after which a stalled delivery is taken over."
    )
    sweep: int = Field(
        5, ge=1, le=60, description="Seconds between two looks for work nobody was woken for."
    )

    backoff: Annotated[tuple[Seconds, ...], NoDecode] = Field(
        (15, 60, 300, 900, 3600),
        min_length=1,
        description="Seconds to the second, third … attempt; the last one repeats.",
    )
    attempts: int = Field(
        8, ge=1, le=50, description="Attempts after which a channel is given up for a message."
    )
    undo_one: int = Field(
        10, ge=0, le=300, description="Seconds in which staff can take one message back."
    )
    undo_bulk: int = Field(
        60, ge=0, le=3600, description="Seconds in which staff can take many messages back."
    )
    pace_per_domain: int = Field(
        0, ge=0, description="Most messages a minute to one mail domain; 0 for no limit."
    )
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of the metrics for Prometheus; 0 for none."
    )
    metrics_host: str = Field("127.0.0.1", description="Address the metrics listen on.")

    private_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Hosts in your own network that accounts may have called; * for any.",
    )
    dns_servers: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Name servers to ask about accounts' own domains: address or address:port."
    )

    @field_validator(
        "secret_keys", "plugins", "backoff", "private_hosts", "dns_servers", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("secret_keys")
    @classmethod
    def _long_enough(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(key) < 32 for key in value):
            raise ValueError(
                "each key needs at least 32 characters; `openssl rand -hex 32` makes one"
            )
        return value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database_url", "queue_url", "limit_storage_url", "smtp_url", "bounce_mailbox")
    @classmethod
    def _known_scheme(cls, value: str, info: Any) -> str:
        known = {
            "database_url": ("sqlite:///", "postgresql://"),
            "queue_url": ("sqlite:///", "postgresql://", "redis://", "rediss://"),
            "limit_storage_url": ("redis://", "rediss://", "valkey://", "valkeys://"),
            "smtp_url": ("smtp://", "smtps://"),
            "bounce_mailbox": ("imap://", "imaps://"),
        }[info.field_name]
        if value and not value.startswith(known):
            raise ValueError("must begin with " + " or ".join(known))
        if value.startswith(_HOSTED):
            _check_server(value)
        return value

    @field_validator("dns_servers")
    @classmethod
    def _servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for server in value:
            server_address(server)
        return value

    @field_validator("mail_from", "bounce_address")
    @classmethod
    def _one_address(cls, value: str) -> str:
        if value and (not value.isprintable() or parseaddr(value)[1].count("@") != 1):
            raise ValueError("must look like portal@example.com or Portal <portal@example.com>")
        return value

    @model_validator(mode="after")
    def _fill_in(self) -> Settings:
        self.url = (self.url or f"http://127.0.0.1:{self.port}").rstrip("/")
        self.database_url = self.database_url or f"sqlite:///{self.home}/portal.db"
        self.queue_url = self.queue_url or f"sqlite:///{self.home}/queue.db"
        self.mail_from = self.mail_from or f"no-reply@{_mail_host(self.hostname)}"
        _check_url(self.url)
        self.private_hosts = tuple(host.lower() for host in self.private_hosts)
        if self.limits == "off" and not self.is_loopback:
            raise ValueError("PORTAL_LIMITS=off is accepted only while PORTAL_URL is loopback")
        return self

    @property
    def hostname(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def netloc(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def is_https(self) -> bool:
        return self.url.startswith("https://")

    def url_at(self, host: str) -> str:
        """Return what links begin with at *host*, an account's own domain: https, and on this
        machine alone whatever PORTAL_URL is, with its port."""
        if self.is_https:
            return f"https://{host}"
        return f"http://{host}{self.netloc[len(self.hostname) :]}"

    @property
    def longest_host(self) -> int:
        """The characters that an account's own domain may have, for links to stay whole."""
        return LONGEST_LINK - _LINK_TAIL - len(self.url_at(""))

    @property
    def is_loopback(self) -> bool:
        return _is_loopback(self.hostname)

    @property
    def has_local_mailbox(self) -> bool:
        """Messages stay on this machine: no mail server is set and only this machine can look."""
        return not self.smtp_url and self.is_loopback

    @property
    def mailbox_dir(self) -> Path:
        return self.home / "mailbox"

    @property
    def mailbox_smtp_url(self) -> str:
        """Where `portal run` has told its children that the local mailbox listens."""
        return os.environ.get("PORTAL_MAILBOX_SMTP", "")

    def rows(self) -> list[tuple[str, str, str]]:
        """Return (variable, value with secrets masked, where it came from) for each setting."""
        return [
            (variable(name), _shown(name, getattr(self, name)), _origin(name, self))
            for name in type(self).model_fields
        ]


def load(**overrides: Any) -> Settings:
    """Read and check the settings. Raises SettingsError with one line for each that is wrong."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_complaint(item) for item in error.errors())) from None


def settings() -> Settings:
    """Return the settings of the running app."""
    return cast(Settings, current_app.config["PORTAL_SETTINGS"])


def variable(name: str) -> str:
    return "PORT" if name == "port" else f"PORTAL_{name.upper()}"


def prepare_home(found: Settings) -> Settings:
    """Make PORTAL_HOME and, when none are set, its secret keys (mode 0600).

    Raises SettingsError when the folder cannot be written.
    """
    try:
        found.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not found.secret_keys:
            found.secret_keys = keys_in(found.home / "secret_keys")
        if not os.access(found.home, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise SettingsError(
            f"PORTAL_HOME: cannot write to {found.home} ({error.strerror}). "
            "Set PORTAL_HOME to a folder that this user may write to."
        ) from None
    return found


def bundled(folder: str) -> Path:
    """Return where *folder* (templates, migrations) is: inside the wheel, else in the checkout."""
    spec = find_spec(f"portal._{folder}") if "portal" in sys.modules else None
    if spec and spec.submodule_search_locations:
        inside = Path(next(iter(spec.submodule_search_locations)))
        if inside.is_dir():
            return inside
    return PACKAGE.parent / folder


def _check_server(url: str) -> None:
    parts = urlsplit(url)
    try:
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ValueError(f"must look like {parts.scheme}://host:port")
    options = parse_qsl(parts.query, keep_blank_values=True)
    if parts.scheme.startswith("smtp") and not {*options} <= {*_STARTTLS}:
        raise ValueError("has an option that is not known; there is only ?starttls=never")


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    try:
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        raise ValueError("PORTAL_URL has a port that is not a number up to 65535") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("PORTAL_URL must look like https://portal.example.com")
    if ":" in parts.hostname:  # Werkzeug's trusted hosts are names and IPv4 addresses
        raise ValueError("PORTAL_URL cannot be an IPv6 address. Use a host name, such as localhost")
    if parts.path or parts.username:
        raise ValueError(
            "PORTAL_URL must be a scheme and a host alone, without a path or user name"
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("PORTAL_URL must begin with https:// unless it is on this machine")
    if len(url) + _LINK_TAIL > LONGEST_LINK:
        raise ValueError(
            f"PORTAL_URL is {len(url)} characters long; at most {LONGEST_LINK - _LINK_TAIL} keep "
            "links whole in every mail program. Use a shorter host name"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _mail_host(host: str) -> str:
    return "localhost.localdomain" if _is_loopback(host) else host


def _complaint(item: Any) -> str:
    name = str(item["loc"][0]) if item["loc"] else ""
    text = str(item["msg"]).removeprefix("Value error, ")
    label = ("PORT" if name in ("PORT", "port") else variable(name)) if name else ""
    return f"{label}: {text}" if label else text


def _shown(name: str, value: object) -> str:
    if name == "secret_keys":
        return f"({len(cast(tuple[str, ...], value))} set)" if value else "(in PORTAL_HOME)"
    return _masked(str(value)) if name in _SECRETS else str(value)


def _masked(url: str) -> str:
    """Hide a URL's user name and password, and the passwords among its options."""
    scheme, _, rest = url.partition("://")
    if "@" in rest:
        rest = "…@" + rest.rsplit("@", 1)[1]
    return re.sub(r"(?i)(pass\w*=)[^&]*", r"\1…", f"{scheme}://{rest}") if scheme else url


def _origin(name: str, found: Settings) -> str:
    if variable(name) in os.environ:
        return "environment"
    if name == "secret_keys" and found.secret_keys:
        return "PORTAL_HOME/secret_keys"
    return "default"

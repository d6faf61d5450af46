"""Servers that do as told, requests to send, and certificates made for the occasion."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from portal.channel import AccountInfo, Message, Operator, SendRequest, Settings
from portal_email.channel import Email
from portal_email.lookup import Dns
from portal_email.tests.scripted_server import ScriptedServer
from tests.certificates import self_signed, serving

NOWHERE = Dns([("127.0.0.1", 9)], patience=0.1)
LINK = "https://portal.acme.example/l/abcdefghijklmnopqrstuvwx"


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(ScriptedServer(*args, **options))


@pytest.fixture
def channel_to() -> Iterator[Callable[..., Email]]:
    channels: list[Email] = []

    def make(
        server: ScriptedServer | str,
        *,
        deadline: float = 5.0,
        dns: Dns | None = None,
        **operator: Any,
    ) -> Email:
        url = server if isinstance(server, str) else server.url()
        settings = {"mail_from": "portal@acme.example", "portal_host": "portal.acme.example"}
        whole = Operator(smtp_url=url, **settings | operator)
        channels.append(Email(whole, deadline=deadline, dns=dns or NOWHERE))
        return channels[-1]

    yield make
    for channel in channels:
        channel.close()


@pytest.fixture
def owed() -> Callable[..., SendRequest]:
    def make(to: str = "carl@client.example", **changes: Any) -> SendRequest:
        text = f"Hello Carl,\n\n{LINK}\n\n.A dot begins this line.\nBye"
        html = f'<p>{"Grüße, " * 40}</p>\n<a href="{LINK}">Sign in</a>'
        fields: dict[str, Any] = {
            "key": "d-17",
            "kind": "login",
            "to_name": "Carl Client",
            "message": Message("Sign in to Acme", text, html),
            "link": LINK,
            "sender_name": "Acme",
        }
        return SendRequest(to=to, **fields | changes)

    return make


@pytest.fixture
def account() -> Callable[..., Settings]:
    """What Ada's account has set: a server to send through, and whatever the test adds."""

    def make(
        server: ScriptedServer | None = None,
        *,
        verified: str = "",
        slug: str = "acme",
        **values: Any,
    ) -> Settings:
        if server:
            plain = {"smtp_host": "localhost", "smtp_port": server.port, "smtp_encryption": "never"}
            values = plain | values
        info = AccountInfo(slug=slug, name=slug.title(), proof=f"proof-of-{slug}")
        facts = {"verified_domain": verified} if verified else {}
        return Settings(values, account=info, facts=facts)

    return make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Self-signed certificates for `localhost` and for another name."""
    folder = tmp_path_factory.mktemp("certificates")
    return {name: self_signed(folder, name) for name in ("localhost", "other.example")}


@pytest.fixture
def tls(certificates: dict[str, Path]) -> Callable[[str], ssl.SSLContext]:
    return lambda name="localhost": serving(certificates[name])


@pytest.fixture
def trusted(
    certificates: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    def trust(name: str = "localhost") -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates[name]))

    return trust

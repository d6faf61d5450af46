"""Gateways that do as told, messages owed, and what Ada set for text messages."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.channel import AccountInfo, Message, SendRequest, Settings
from portal_sms.channel import SHARE, Sms
from portal_sms.tests.scripted_gateway import ScriptedGateway
from tests.certificates import self_signed, serving

LINK = "https://portal.acme.example/l/abcdefghijklmnop-_stuvwx"
TOKEN = LINK[-24:]
CARL = "+447400123456"
RECEIPTS = "https://portal.acme.example/hooks/sms/s3cretkey/d-17"
ACME = AccountInfo(slug="acme", name="Acme", country="GB")
TWILIO = {
    "provider": "twilio",
    "twilio_sid": "AC" + 32 * "a",
    "twilio_token": "hunter2hunter2hunter2hunter2hunt",
    "twilio_from": "+447400123400",
}
GATEWAY = {
    "provider": "gateway",
    "gateway_url": "{url}/send?to={{to}}&text={{text}}&key={{secret}}",
    "gateway_secret": "hunter2/hunter2",
}


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_GATEWAY_HOSTS", "")
    monkeypatch.setenv("SMS_TWILIO_URL", "")


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedGateway]]:
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(ScriptedGateway(*args, **options))


def hurried(seconds: float) -> Sms:
    """A channel whose calls are over after *seconds*."""
    channel = Sms()
    channel.caps = replace(channel.caps, timeout=seconds / SHARE)  # type: ignore[misc]
    return channel


@pytest.fixture
def sms() -> Sms:
    return hurried(5)


@pytest.fixture
def twilio_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Ada's settings for Twilio, where the scripted server plays Twilio."""

    def settings(server: ScriptedGateway, **changes: Any) -> Settings:
        monkeypatch.setenv("SMS_TWILIO_URL", server.url)
        return Settings(TWILIO | changes, account=ACME)

    return settings


@pytest.fixture
def gateway_at() -> Callable[..., Settings]:
    def settings(server: ScriptedGateway | str, **changes: Any) -> Settings:
        url = server if isinstance(server, str) else server.url
        here = GATEWAY | {"gateway_url": GATEWAY["gateway_url"].format(url=url)}
        return Settings(here | changes, account=ACME)

    return settings


@pytest.fixture
def owed() -> Callable[..., SendRequest]:
    def make(to: str = CARL, short: str = f"Acme: sign in at {LINK} now.", **changes: Any) -> Any:
        fields: dict[str, Any] = {
            "key": "d-17",
            "kind": "login",
            "to_name": "Carl Carter",
            "message": Message("Sign in", f"Hello,\n\n{LINK}\n", short=short),
            "link": LINK,
            "sender_name": "Acme",
            "expires_at": datetime.now(UTC) + timedelta(minutes=10),
            "receipt_url": RECEIPTS,
        }
        return SendRequest(to=to, **fields | changes)

    return make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Self-signed certificates for `localhost` and for another name."""
    folder = tmp_path_factory.mktemp("certificates")
    return {name: self_signed(folder, name) for name in ("localhost", "other.example")}


@pytest.fixture
def tls(certificates: dict[str, Path]) -> Callable[[str], ssl.SSLContext]:
    return lambda name="localhost": serving(certificates[name])

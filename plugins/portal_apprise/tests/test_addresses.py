"""Which addresses are accepted, and where none of them may lead."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from portal.channel import PermanentError, Settings
from portal_apprise.channel import Messenger
from portal_apprise.form import USUAL
from portal_apprise.tests.conftest import request_to
from portal_apprise.tests.provider import Provider

USUAL_SETTINGS = Settings({"services": USUAL})
ALL = Settings(
    {"services": "json xml tgram discord matrix signal syslog file dbus fcm mailto mqtt"}
)


@pytest.mark.parametrize(
    "address",
    [
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
        "matrixs://token@matrix.org/!abc:matrix.org",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
        "signal://signal.acme.example/+15551234567/+15551234568",
    ],
)
def test_an_address_of_a_messenger_is_kept_as_it_is(address: str) -> None:
    assert Messenger().normalise_address(f" {address} ", USUAL_SETTINGS) == address


@pytest.mark.parametrize(
    ("address", "cause", "words"),
    [
        ("", "bad_address", "not an Apprise URL"),
        ("carl@carter.example", "bad_address", "not an Apprise URL"),
        ("tgram://" + "a" * 1000, "bad_address", "not an Apprise URL"),
        ("tgram://short", "bad_address", "not an address that the service tgram understands"),
        ("tgram://123456789:abcdefg_hijklmnop/1/2", "bad_address", "several receivers"),
        ("discord://123/abc?template=/etc/passwd", "bad_address", "not an address"),
        ("nosuch://a/b", "not_allowed", "nosuch is not among those"),
        ("ntfy://a/b", "not_allowed", "ntfy is not among those"),
        ("syslog://", "bad_address", "not an Apprise URL"),
        ("syslog://local", "not_allowed", "syslog is not among those"),
        ("file:///etc/passwd", "not_allowed", "file is not among those"),
        ("dbus://x", "not_allowed", "dbus is not among those"),
        ("fcm://project/device?keyfile=/etc/passwd", "not_allowed", "fcm is not among those"),
        ("mailto://carl:secret@carter.example", "not_allowed", "mailto is not among those"),
        ("mqtt://broker.acme.example/topic", "not_allowed", "mqtt is not among those"),
        ("json://localhost/", "not_allowed", "private network"),
        ("json://printer/", "not_allowed", "private network"),
        ("json://router.lan./", "not_allowed", "private network"),
        ("json://127.0.0.1:8000/", "not_allowed", "private network"),
        ("json://169.254.169.254/latest/meta-data", "not_allowed", "private network"),
        ("xml://10.1.2.3/", "not_allowed", "private network"),
        ("json://[::1]/", "not_allowed", "private network"),
        ("signal://192.168.1.9:8080/+15551234567/+15551234568", "not_allowed", "private"),
    ],
)
def test_others_are_refused_with_the_reason(address: str, cause: str, words: str) -> None:
    with pytest.raises(PermanentError, match=words) as raised:
        Messenger().normalise_address(address, ALL)
    assert raised.value.cause == cause
    assert "passwd" not in str(raised.value)


def test_what_settings_do_not_list_is_not_used(provider: Provider) -> None:
    channel = Messenger(may_stay_inside=True)
    with pytest.raises(PermanentError, match="json is not among those"):
        channel.send(request_to(f"json://{provider.place}/"), USUAL_SETTINGS)
    with pytest.raises(PermanentError, match="json is not among those"):
        channel.send(request_to(f"json://{provider.place}/"), Settings())
    assert provider.asked == []


def test_a_public_name_that_stands_for_a_private_address_is_not_followed(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def resolve(host: str, port: int, **_options: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    address = f"json://hooks.acme.example:{provider.port}/"
    assert Messenger().normalise_address(address, ALL) == address
    with pytest.raises(PermanentError, match="private network") as raised:
        Messenger().send(request_to(address), ALL)
    assert raised.value.cause == "not_allowed"
    assert asked == ["hooks.acme.example"]
    assert provider.asked == []

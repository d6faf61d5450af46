"""Where a request comes from: what a stranger claims of it counts for nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, request

from portal.web.limits import client_network
from tests.cast import Browser

PROXY = "10.0.0.1"


@pytest.fixture
def network_seen(make_app: Callable[..., Flask]) -> Callable[..., str]:
    """Return the network that the app sees behind *proxies* proxies."""

    def seen(proxies: int, **headers: str) -> str:
        app = make_app(trusted_proxies=proxies)
        found: list[str] = []

        @app.after_request
        def note(response: object) -> object:
            found.append(client_network() if request.path == "/admin/" else "")
            return response

        named = {name.replace("_", "-"): value for name, value in headers.items()}
        Browser(app, address=PROXY).asks("GET", "/admin/", headers=named)
        return found[-1]

    return seen


def test_without_proxies_what_is_forwarded_is_ignored(network_seen: Callable[..., str]) -> None:
    claimed = {
        "X_Forwarded_For": "203.0.113.5",
        "X_Real_IP": "203.0.113.6",
        "Forwarded": "for=1.2.3.4",
    }
    assert network_seen(0, **claimed) == PROXY


@pytest.mark.parametrize(
    ("proxies", "forwarded", "network"),
    [
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "6.6.6.6, 203.0.113.5", "203.0.113.5"),
        (2, "6.6.6.6, 203.0.113.5, 10.0.0.2", "203.0.113.5"),
        (2, "203.0.113.5", PROXY),
        (1, "2001:db8::5", "2001:db8::/64"),
        (1, "nonsense", "unknown"),
    ],
)
def test_exactly_so_many_proxies_are_believed(
    network_seen: Callable[..., str], proxies: int, forwarded: str, network: str
) -> None:
    assert network_seen(proxies, X_Forwarded_For=forwarded) == network

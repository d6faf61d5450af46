"""What the operator of the installation decides for all accounts, in the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass

TWILIO = "https://api.twilio.com"


@dataclass(frozen=True)
class Limits:
    """*twilio_url* is where Twilio's API answers. *hosts* are the only ones that gateways may be
    on, or None for any public one and this machine."""

    twilio_url: str = TWILIO
    hosts: frozenset[str] | None = None


def limits() -> Limits:
    """Read SMS_TWILIO_URL and SMS_GATEWAY_HOSTS, the one place where that happens."""
    hosts = os.environ.get("SMS_GATEWAY_HOSTS", "").replace(",", " ").lower().split()
    url = os.environ.get("SMS_TWILIO_URL", "").rstrip("/")
    return Limits(url or TWILIO, frozenset(hosts) or None)

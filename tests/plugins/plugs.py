"""Plugins for tests: written into an operator's folder and loaded as an app does it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask

from portal.channel import DeliveryInfo, EventInfo, Message, Operator, SendRequest
from portal.plugins import Fault, Plugins, init_app

LINK = "https://portal.acme.example/l/Zq8-abcdefghijkl_mnopq42"
HEAD = "from portal.hookspecs import hookimpl\n"


class Folder:
    """An operator's folder of plugins."""

    def __init__(self, home: Path) -> None:
        self.path = home / "plugins"
        self.path.mkdir(exist_ok=True, mode=0o755)

    def put(self, name: str, body: str) -> Path:
        """Write the plugin *name*; `hookimpl` is imported for it."""
        file = self.path / f"{name}.py"
        file.write_text(HEAD + body)
        return file

    def load(self, *chosen: str) -> Plugins:
        return init_app(Flask("portal"), Operator(), self.path, chosen or ("*",))

    def heard(self, *chosen: str) -> tuple[Plugins, list[Fault]]:
        """Load, and return the list that failures go to as well."""
        plugins, faults = self.load(*chosen), list[Fault]()
        plugins.on_fault = faults.append
        return plugins, faults


def built_in() -> list[str]:
    """Return the channels that come with Portico, in their order."""
    nowhere = Path("/nowhere")
    found = list(init_app(Flask("portal"), Operator(), nowhere, ("built-in",)).channels)
    assert found[0] == "email"
    assert "clipboard" in found
    return found


def delivery(**changes: Any) -> DeliveryInfo:
    given = {"channels": ("email", "texts"), **changes}
    return DeliveryInfo(7, "acme", 3, "login", "email", "sending", 1, **given)


def request(**changes: Any) -> SendRequest:
    fields: dict[str, Any] = {
        "key": "delivery-7",
        "kind": "login",
        "to": "carl@carter.example",
        "to_name": "Carl",
        "message": Message("Sign in", f"Here: {LINK}"),
        "link": LINK,
        "sender_name": "Acme",
        "code": "4821 9035",
    }
    return SendRequest(**fields | changes)


def event(kind: str = "joined") -> EventInfo:
    return EventInfo(1, datetime(2026, 1, 2, tzinfo=UTC), kind, "acme", "Ada")

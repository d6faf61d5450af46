"""An operator's own plugin folder: what may stand in it, and what a mistake in it costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from portal.plugins import Plugins

HOOK = "from portal.hookspecs import hookimpl\n"
PACKAGE = "from .rooms import portal_sections\n"
ROOMS = f"""
from __future__ import annotations
from dataclasses import dataclass
from portal.channel import Section
{HOOK}
@dataclass(frozen=True)
class Room:
    name: str

@hookimpl
def portal_sections(account_slug):
    return [Section(room.name, room.name.title()) for room in (Room("files"), Room("bills"))]
"""
MISSPELT = f"""
{HOOK}
@hookimpl
def portal_section(account_slug):
    return ()
"""


def load(make_app: Callable[..., Flask]) -> Plugins:
    found = make_app().extensions["portal_plugins"]
    assert isinstance(found, Plugins)
    return found


def put(home: Path, name: str, text: str) -> None:
    path = home / "plugins" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_plugin_may_be_a_folder_of_modules_with_dataclasses(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    put(tmp_path, "acme/__init__.py", PACKAGE)
    put(tmp_path, "acme/rooms.py", ROOMS)
    plugins = load(make_app)
    assert [section.title for section in plugins.sections("acme")] == ["Files", "Bills"]
    assert plugins.quarantined == {}


def test_a_plugin_that_fails_is_kept_out_and_the_others_go_on(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    put(tmp_path, "broken.py", "1 / 0\n")
    put(tmp_path, "misspelt.py", MISSPELT)
    put(tmp_path, "rooms.py", ROOMS)
    put(tmp_path, "_resting.py", "1 / 0\n")
    plugins = load(make_app)
    assert sorted(plugins.quarantined) == ["broken", "misspelt"]
    assert "ZeroDivisionError" in plugins.quarantined["broken"]
    assert "portal_section" in plugins.quarantined["misspelt"]
    assert len(plugins.sections("acme")) == 2
    assert "email" in plugins.channels

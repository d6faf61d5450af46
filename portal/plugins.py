"""Finds, loads and guards plugins: one that fails is reported, and the others go on."""

from __future__ import annotations

import importlib.util
import logging
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast

import pluggy
from flask import Flask, current_app

from portal import hookspecs
from portal.channel import Channel, Operator, Section

log = logging.getLogger(__name__)
GROUP = "portal.plugins"
_TO_SET = ("id", "name", "caps")


@dataclass
class Plugins:
    """The plugins of this process, their channels, and those that could not be loaded."""

    operator: Operator
    manager: pluggy.PluginManager
    channels: dict[str, Channel] = field(default_factory=dict)
    quarantined: dict[str, str] = field(default_factory=dict)

    def channel(self, channel_id: str) -> Channel | None:
        return self.channels.get(channel_id)

    def first_for(self, kind: str, *, synchronous: bool = False) -> str:
        """Return the id of the first channel for messages of *kind*, or '' when there is none."""
        for channel in self.channels.values():
            if kind in channel.caps.kinds and channel.caps.synchronous is synchronous:
                return channel.id
        return ""

    def sections(self, account_slug: str) -> list[Section]:
        """Return the areas of an account's portal, in the order of the plugins, names once."""
        found: dict[str, Section] = {}
        for section in self.each("portal_sections", account_slug=account_slug):
            if isinstance(section, Section):
                found.setdefault(section.name, section)
        return list(found.values())

    def each(self, hook: str, **arguments: Any) -> Iterator[Any]:
        """Yield what the implementations of *hook* list, each called by itself; one that raises,
        even half-way through its list, is reported and left out.

        pluggy's own call would lose every answer when one implementation raises.
        """
        caller: pluggy.HookCaller = getattr(self.manager.hook, hook)
        for implementation in reversed(caller.get_hookimpls()):
            wanted = {name: arguments[name] for name in implementation.argnames}
            try:
                answer: Any = implementation.function(**wanted)
                found = list(answer or ())
            except Exception:
                log.exception("Plugin %s failed in %s.", implementation.plugin_name, hook)
                continue
            yield from found

    def quarantine(self, name: str) -> None:
        """Keep the plugin out, with its traceback, and let everything else start."""
        self.quarantined[name] = traceback.format_exc()
        log.error("Plugin %s is kept out:\n%s", name, self.quarantined[name])


def init_app(app: Flask, operator: Operator, folder: Path) -> Plugins:
    """Load the installed plugins and the operator's own in *folder*."""
    plugins = load(operator, [*_installed(), *_in_folder(folder)])
    app.extensions["portal_plugins"] = plugins
    return plugins


def current() -> Plugins:
    return cast(Plugins, current_app.extensions["portal_plugins"])


def load(operator: Operator, sources: Iterable[tuple[str, Any]]) -> Plugins:
    """Register each (name, loader) of *sources*; check its hooks; ask it for channels."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    plugins = Plugins(operator, manager)
    for name, loader in sources:
        try:
            _register(manager, loader(), name)
        except Exception:
            plugins.quarantine(name)
    for channel in plugins.each("portal_channels", operator=operator):
        _add_channel(plugins, channel)
    return plugins


def _register(manager: pluggy.PluginManager, module: Any, name: str) -> None:
    """Raises when another plugin has this name, or when this one implements a hook that does not
    exist: it would never be called."""
    manager.register(module, name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError:
        manager.unregister(module)
        raise


def _add_channel(plugins: Plugins, channel: Channel) -> None:
    if not isinstance(channel, Channel) or not all(hasattr(channel, name) for name in _TO_SET):
        log.error("A plugin answered portal_channels with %r, which is no whole Channel.", channel)
    elif channel.id in plugins.channels:
        log.error("A second channel with the id %s is refused.", channel.id)
    else:
        plugins.channels[channel.id] = channel


def _installed() -> Iterator[tuple[str, Any]]:
    for entry in sorted(
        entry_points(group=GROUP), key=lambda found: (found.name != "email", found.name)
    ):
        yield entry.name, entry.load


def _in_folder(folder: Path) -> Iterator[tuple[str, Any]]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        source = path / "__init__.py" if path.is_dir() else path
        if source.suffix == ".py" and source.is_file() and not path.name.startswith(("_", ".")):
            yield path.stem, lambda path=path, source=source: _import(path.stem, source)


def _import(name: str, source: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"portal_plugin_{name}", source)
    if spec is None or spec.loader is None:
        raise ImportError(f"{source} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # Before it runs: its own dataclasses and its relative imports look it up there.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module

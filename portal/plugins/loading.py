"""Takes plugins in one by one, and keeps out those that cannot be loaded or are not whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import pluggy

from portal import hookspecs
from portal.channel import Channel, Operator
from portal.plugins import answers, trial
from portal.plugins.faults import NOBODY, TooSlowError, fault_of
from portal.plugins.guard import Guard
from portal.plugins.sources import ALL, BUILT_IN, Source

log = logging.getLogger(__name__)
HOOKS = [name for name in vars(hookspecs) if name.startswith("portal_")]
State = Literal["loaded", "kept out", "left out", "not found"]


@dataclass(frozen=True)
class Implementation:
    """One plugin's function for one hook, and the arguments it asks for."""

    plugin: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class PluginInfo:
    """What there is to say about a plugin. *why* is a traceback, or a sentence that says what to
    do; *state* `left out` when PORTAL_PLUGINS does not name it, `not found` when only that does."""

    name: str
    version: str
    source: str
    hooks: tuple[str, ...]
    channels: tuple[str, ...]
    state: State
    why: str = ""


@dataclass
class Loaded:
    """The plugins that were found, and what became of each."""

    manager: pluggy.PluginManager
    sources: list[Source] = field(default_factory=list)
    left_out: list[Source] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    quarantined: dict[str, str] = field(default_factory=dict)
    """Why a plugin is kept out, by its name."""
    _channels: dict[str, list[Channel]] = field(default_factory=dict)
    _by_hook: dict[str, tuple[Implementation, ...]] = field(default_factory=dict)
    _taken: list[Source] = field(default_factory=list)

    def take(self, source: Source, operator: Operator) -> None:
        """Load a plugin, check its hooks and ask it for its channels, or keep it out."""
        if source.danger:
            self._keep_out(source.name, source.danger)
            return
        try:
            self._register(source)
        except BaseException as error:
            self._keep_out(source.name, _told(source.name, error))
            return
        self._taken.append(source)
        self._index()
        try:
            self._channels[source.name] = self._asked_for_channels(source.name, operator)
        except BaseException as error:
            self.put_out(source.name, error)

    def keep_out(self, source: Source, words: str) -> None:
        self._keep_out(source.name, words)

    def put_out(self, plugin: str, error: BaseException) -> None:
        """Take back what the plugin has brought, because of *error*."""
        self.manager.unregister(name=plugin)
        self._channels.pop(plugin, None)
        self._taken = [one for one in self._taken if one.name != plugin]
        self._index()
        self._keep_out(plugin, _told(plugin, error))

    def channels(self) -> dict[str, Channel]:
        """Return the channels by id, in the order in which their plugins were loaded: the built-in
        e-mail is the first, and a plugin that was just added takes over nobody's messages."""
        order = [one.plugin for one in reversed(self.implementations("portal_channels"))]
        return {one.id: one for plugin in order for one in self._channels.get(plugin, ())}

    def plugin_of(self, channel_id: str) -> str:
        for plugin, channels in self._channels.items():
            if any(one.id == channel_id for one in channels):
                return plugin
        return ""

    def implementations(self, hook: str) -> tuple[Implementation, ...]:
        return self._by_hook.get(hook, ())

    def described(self) -> list[PluginInfo]:
        taken = [self._info(one, "loaded") for one in self._taken]
        out = [
            self._info(one, "kept out", self.quarantined[one.name])
            for one in self.sources
            if one not in self._taken and one.name in self.quarantined
        ]
        left = [self._info(one, "left out") for one in self.left_out]
        why = "PORTAL_PLUGINS names it, but it is neither installed nor in the folder plugins."
        missing = [PluginInfo(one, "", "", (), (), "not found", why) for one in self.missing]
        return [*taken, *out, *left, *missing]

    def _info(self, source: Source, state: State, why: str = "") -> PluginInfo:
        loaded = state == "loaded"
        hooks = [hook for hook in HOOKS if source.name in _names(self.implementations(hook))]
        channels = [one.id for one in self._channels.get(source.name, ())]
        module = self.manager.get_plugin(source.name) if loaded else None
        version = source.version or getattr(module, "__dict__", {}).get("__version__", "")
        return PluginInfo(
            source.name,
            version if isinstance(version, str) else "",
            source.origin,
            tuple(hooks) if loaded else (),
            tuple(channels) if loaded else (),
            state,
            why,
        )

    def _register(self, source: Source) -> None:
        """Raises when another plugin has this name, or when this one implements a hook that does
        not exist: it would never be called."""
        if self.manager.has_plugin(source.name):
            raise ValueError(f"another plugin is called {source.name} already; rename this one")
        module = source.load()
        try:
            self.manager.register(module, source.name)
            self.manager.check_pending()
            _refuse_wrappers(self.manager, source.name)
        except BaseException:
            if self.manager.has_plugin(source.name):
                self.manager.unregister(name=source.name)
            raise

    def _asked_for_channels(self, plugin: str, operator: Operator) -> list[Channel]:
        """Raises what the plugin raises, and ValueError when the id of a channel is taken."""
        found: list[Channel] = []
        for one in self.implementations("portal_channels"):
            if one.plugin == plugin:
                given = {"operator": operator} if "operator" in one.arguments else {}
                found += _loudly(partial(one.function, **given), plugin)
        for channel in found:
            if owner := self.plugin_of(channel.id):
                raise ValueError(f"the channel {channel.id} is brought by the plugin {owner}")
        if len({channel.id for channel in found}) < len(found):
            raise ValueError("two of its channels have the same id")
        return found

    def _index(self) -> None:
        """Note who implements what, in the order they are asked: the last one loaded first."""
        self._by_hook = {
            hook: tuple(
                Implementation(one.plugin_name, one.function, tuple(one.argnames))
                for one in reversed(getattr(self.manager.hook, hook).get_hookimpls())
            )
            for hook in HOOKS
        }

    def _keep_out(self, plugin: str, why: str) -> None:
        self.quarantined[plugin] = why
        log.error("Plugin %s is kept out:\n%s", plugin, why)


def load(operator: Operator, sources: list[Source], chosen: Sequence[str]) -> Loaded:
    """Return the plugins among *sources* that are *chosen*, loaded as far as they can be.

    Those that do not come with Portico are loaded in a child process first.
    """
    loaded = _empty()
    known = {source.name for source in sources}
    loaded.missing = [one for one in chosen if one not in known and one not in (ALL, BUILT_IN)]
    for name in loaded.missing:
        log.error("PORTAL_PLUGINS names %s, but there is no such plugin.", name)
    loaded.left_out = [source for source in sources if not source.is_chosen(chosen)]
    loaded.sources = [source for source in sources if source.is_chosen(chosen)]
    for source in loaded.sources:
        if source.is_built_in:
            loaded.take(source, operator)
    strangers = [source for source in loaded.sources if not source.is_built_in]
    for source in _tried(loaded, strangers, operator):
        loaded.take(source, operator)
    return loaded


def _tried(loaded: Loaded, strangers: list[Source], operator: Operator) -> list[Source]:
    """Return those of *strangers* that leave the process alone; keep the others out."""
    while safe := [source for source in strangers if not source.danger]:
        failed = trial.first_to_fail(
            [source.name for source in safe], lambda index: _rehearse(loaded, safe[index], operator)
        )
        if failed is None:
            break
        index, words = failed
        loaded.keep_out(safe[index], words)
        strangers = [source for source in strangers if source is not safe[index]]
    return strangers


def _rehearse(loaded: Loaded, source: Source, operator: Operator) -> None:
    """Do in a child process what is done with a plugin when an app starts."""
    loaded.take(source, operator)
    guard = Guard(lambda _fault: None)
    for one in loaded.implementations("portal_blueprint"):
        if one.plugin == source.name:
            for place in ("desk", "public"):
                given = {"place": place} if "place" in one.arguments else {}
                guard.call(one.plugin, "portal_blueprint", partial(one.function, **given), None)


def _loudly(act: Callable[[], Any], plugin: str) -> list[Channel]:
    """Return the channels that *act* lists. Raises what it raises: at load nothing is hushed up."""
    failures: list[BaseException] = []

    def listed() -> list[Channel]:
        try:
            return answers.channels(act())
        except TooSlowError:
            raise
        except BaseException as error:
            failures.append(error)
            return []

    nothing: list[Channel] = []
    guard = Guard(lambda fault: failures.append(TimeoutError(fault.words)))
    found = guard.call(plugin, "portal_channels", listed, nothing)
    if failures:
        raise failures[0]
    return found


def _refuse_wrappers(manager: pluggy.PluginManager, name: str) -> None:
    for caller in manager.get_hookcallers(manager.get_plugin(name)) or ():
        for one in caller.get_hookimpls():
            if one.plugin_name == name and (one.hookwrapper or one.wrapper):
                raise ValueError(f"{caller.name} is a wrapper; implement the hook itself")


def _told(plugin: str, error: BaseException) -> str:
    return fault_of(plugin, "load", error, NOBODY).traceback


def _names(found: Sequence[Implementation]) -> set[str]:
    return {one.plugin for one in found}


def _empty() -> Loaded:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return Loaded(manager)

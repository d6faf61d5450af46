"""Finds, loads and guards plugins: one that fails is reported, and the others go on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import click
from flask import Blueprint, Flask, current_app

from portal.channel import (
    Channel,
    DeliveryInfo,
    EventInfo,
    Operator,
    Section,
    SectionRequest,
    SendRequest,
)
from portal.plugins import answers, loading
from portal.plugins.faults import (
    NOBODY,
    About,
    Fault,
    TooSlowError,
    fault_of,
    without_secrets,
)
from portal.plugins.guard import Guard
from portal.plugins.loading import Implementation, Loaded, PluginInfo
from portal.plugins.sources import ALL, BUILT_IN, Source, found

__all__ = [
    "ALL",
    "BUILT_IN",
    "Area",
    "Fault",
    "PluginInfo",
    "Plugins",
    "Source",
    "TooSlowError",
    "current",
    "init_app",
    "load",
    "without_secrets",
]
T = TypeVar("T")
log = logging.getLogger(__name__)


class Area(NamedTuple):
    """A section, and the plugin that brings it."""

    plugin: str
    section: Section


class Plugins:
    """The plugins of this process, their channels, and those that are kept out.

    *on_fault* gets each failure of a hook, redacted; it is also in the log.
    """

    def __init__(self, operator: Operator, loaded: Loaded) -> None:
        self.operator = operator
        self.channels: dict[str, Channel] = loaded.channels()
        self.quarantined = loaded.quarantined
        self.on_fault: Callable[[Fault], None] = _ignore
        self._loaded = loaded
        self._guard = Guard(self.report)

    def channel(self, channel_id: str) -> Channel | None:
        return self.channels.get(channel_id)

    def synchronous_for(self, kind: str) -> str:
        """Return the id of the channel that shows links of *kind* to staff, or '' when there is
        none. What was added last stands in for the clipboard."""
        shown = [one for one in self.channels.values() if one.caps.synchronous]
        return next((one.id for one in reversed(shown) if kind in one.caps.kinds), "")

    def plugin_of(self, channel_id: str) -> str:
        """Return the name of the plugin that brought the channel, or '' when nobody did."""
        return self._loaded.plugin_of(channel_id)

    def implementers(self, hook: str) -> list[str]:
        """Return the names of the plugins that implement *hook*, in the order they are asked."""
        return [one.plugin for one in self._loaded.implementations(hook)]

    def described(self) -> list[PluginInfo]:
        """Return what there is to say about each plugin, loaded or not, for those who run it."""
        return self._loaded.described()

    # What the hooks answer.

    def areas(self, account_slug: str) -> list[Area]:
        """Return the areas of an account's portal, in the order of the plugins, names once."""
        known: dict[str, Area] = {}
        for one, listed in self._ask(
            "portal_sections", answers.sections, account_slug=account_slug
        ):
            for section in listed:
                known.setdefault(section.name, Area(one.plugin, section))
        return list(known.values())

    def sections(self, account_slug: str) -> list[Section]:
        return [area.section for area in self.areas(account_slug)]

    def shown(self, area: Area, asked: SectionRequest) -> str | None:
        """Return the HTML of *area* for *asked*, '' when it renders none, None when it fails."""
        render = area.section.render
        if render is None:
            return ""
        secrets = (asked.contact_email,)
        return self._guard.call(
            area.plugin,
            f"render of the section {area.section.name}",
            lambda: answers.html(render(asked)),
            None,
            About(secrets=secrets),
        )

    def message_context(
        self, delivery: DeliveryInfo, *, account_id: int | None = None
    ) -> dict[str, str]:
        """Return the words that plugins add to the message of *delivery*: the first one counts."""
        words: dict[str, str] = {}
        for _one, lines in self._ask(
            "portal_message_context",
            answers.message_words,
            About(account_id),
            delivery=delivery,
        ):
            words = {**lines, **words}
        return words

    def choose_channel(
        self, delivery: DeliveryInfo, *, account_id: int | None = None
    ) -> str | None:
        """Return the id that a plugin chose among `delivery.channels`, or None for the usual."""
        for _one, chosen in self._ask(
            "portal_choose_channel",
            partial(answers.choice, known=delivery.channels),
            About(account_id),
            delivery=delivery,
        ):
            if chosen is not None:
                return chosen
        return None

    def veto(
        self, delivery: DeliveryInfo, request: SendRequest, *, account_id: int | None = None
    ) -> str:
        """Return why a plugin wants *request* not to go out, or '' when none minds."""
        token = request.link.rstrip("/").rpartition("/")[2]
        for _one, reason in self._ask(
            "portal_before_send",
            answers.veto,
            About(account_id, (request.link, token, request.code)),
            delivery=delivery,
            request=request,
        ):
            if reason:
                return without_secrets(reason, (request.link, token, request.code))
        return ""

    def observe(
        self, event: EventInfo, plugin: str | None = None, *, account_id: int | None = None
    ) -> bool:
        """Tell *plugin*, or each that listens, of *event*; return whether that was done.

        A plugin that was too slow again and again is left alone for a while, and hears of it later.
        """
        hook = "portal_event"
        told = [o for o in self._loaded.implementations(hook) if plugin in (None, o.plugin)]
        if any(self._guard.rests(one.plugin, hook) for one in told):
            return False
        for one in told:
            act = partial(_answer, one, answers.nothing, {"event": event})
            self._guard.call(one.plugin, hook, act, None, About(account_id))
        return True

    def blueprints(self, place: str) -> list[tuple[str, Blueprint]]:
        """Return (plugin, blueprint) for the pages that plugins bring to *place*."""
        return [
            (one.plugin, blueprint)
            for one, blueprint in self._ask("portal_blueprint", answers.blueprint, place=place)
            if blueprint is not None
        ]

    def commands(self) -> dict[str, list[click.Command]]:
        """Return the commands of each plugin that brings any."""
        asked = self._ask("portal_commands", answers.commands)
        return {one.plugin: commands for one, commands in asked if commands}

    def each(self, hook: str, **arguments: Any) -> Iterator[Any]:
        """Yield what the implementations of *hook* list, whatever it is."""
        for _one, listed in self._ask(hook, _as_list, **arguments):
            yield from listed

    # When something is wrong.

    def report(self, fault: Fault) -> None:
        """Log a failure of a plugin and hand it to `on_fault`."""
        log.error("Plugin %s failed in %s: %s\n%s",
                  fault.plugin, fault.hook, fault.words, fault.traceback)  # fmt: skip
        try:
            self.on_fault(fault)
        except Exception:
            log.exception("The failure of the plugin %s could not be kept.", fault.plugin)

    def failed(self, plugin: str, hook: str, error: BaseException, about: About = NOBODY) -> None:
        """Report *error*, which a plugin raised outside of a guarded call."""
        self.report(fault_of(plugin, hook, error, about))

    def guarded(
        self, plugin: str, verb: str, act: Callable[[], T], otherwise: T, about: About = NOBODY
    ) -> T:
        """Return what *act* answers, which calls code of *plugin*, or *otherwise* when it fails."""
        return self._guard.call(plugin, verb, act, otherwise, about)

    def put_out(self, plugin: str, error: BaseException) -> None:
        """Take a plugin out again, with all its hooks and channels, because of *error*."""
        self._loaded.put_out(plugin, error)
        self.channels = self._loaded.channels()

    def _ask(
        self,
        hook: str,
        check: Callable[[Any], T],
        about: About = NOBODY,
        **arguments: Any,
    ) -> Iterator[tuple[Implementation, T]]:
        """Call the implementations of *hook* one by one, each when the one before was dealt with.
        One that fails counts as if it had answered None.

        pluggy's own call would lose every answer when one implementation raises.
        """
        for one in self._loaded.implementations(hook):
            yield (
                one,
                self._guard.call(
                    one.plugin, hook, partial(_answer, one, check, arguments), check(None), about
                ),
            )


def init_app(
    app: Flask, operator: Operator, folder: Path, chosen: Sequence[str] = (ALL,)
) -> Plugins:
    """Load the *chosen* among the installed plugins and the operator's own in *folder*."""
    plugins = load(operator, found(folder), chosen)
    app.extensions["portal_plugins"] = plugins
    return plugins


def current() -> Plugins:
    return cast(Plugins, current_app.extensions["portal_plugins"])


def load(operator: Operator, sources: Iterable[Source], chosen: Sequence[str] = (ALL,)) -> Plugins:
    """Load those of *sources* that are *chosen*: check their hooks and ask them for channels."""
    return Plugins(operator, loading.load(operator, list(sources), chosen))


def _answer(one: Implementation, check: Callable[[Any], T], arguments: dict[str, Any]) -> T:
    return check(one.function(**{name: arguments[name] for name in one.arguments}))


def _as_list(answer: Any) -> list[Any]:
    return list(answer or ())


def _ignore(_fault: Fault) -> None:
    """Nobody has asked to keep failures: the log has them."""

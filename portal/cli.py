"""The `portal` command: its groups and commands are imported when they are called."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from typing import Any

import click
from werkzeug.utils import import_string

_COMMANDS = {
    "account": "portal.commands:account",
    "audit": "portal.commands:audit",
    "channels": "portal.commands:channels",
    "contacts": "portal.contact_commands:contacts",
    "doctor": "portal.commands:doctor",
    "migrate": "portal.commands:migrate_",
    "outbox": "portal.commands:outbox",
    "plugin": "portal.plugin_commands:plugin",
    "plugins": "portal.plugin_commands:plugins",
    "reseal": "portal.commands:reseal",
    "run": "portal.commands:run",
    "settings": "portal.commands:settings",
    "staff": "portal.commands:staff",
    "web": "portal.commands:web",
    "worker": "portal.commands:worker",
}
"""Where each is."""
_SERVING = ("run", "web", "worker")
"""They take `--no-plugins` behind their own name too, where it is looked for."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called. Plugins may bring more: a name
    that is nobody else's is theirs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        theirs: list[str] = _imported("portal.plugin_commands:names_of_groups")()
        return sorted({*_COMMANDS, *theirs})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _COMMANDS.get(cmd_name)
        asked: Any = _imported(place or "portal.plugin_commands:group_of")
        found: click.Command | None = asked if place else asked(cmd_name)
        if found is not None and cmd_name in _SERVING and _NO_PLUGINS not in found.params:
            found.params.append(_NO_PLUGINS)
        return found


def _without_plugins(_ctx: click.Context, _option: click.Parameter, is_set: bool) -> None:
    """Leave word in the environment, where the processes that `run` starts find it."""
    if is_set:
        os.environ["PORTAL_PLUGINS"] = "built-in"


_NO_PLUGINS = click.Option(
    ["--no-plugins"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_without_plugins,
    help="Load only the plugins that come with Portico.",
)


@click.group(cls=LazyGroup, params=[_NO_PLUGINS])
def portal() -> None:
    """Portico: the front door of a business's client portal."""


def _imported(place: str) -> Any:
    """Import without looking for garbage, which takes a quarter of the time and finds none."""
    gc.disable()
    try:
        return import_string(place)
    finally:
        gc.enable()


def main(args: Sequence[str] | None = None) -> None:
    portal.main(args=args, prog_name="portal")

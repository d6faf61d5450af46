"""The `portal` command. What `run` needs stays light; the rest is loaded when it is called."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click
from werkzeug.utils import import_string

_ELSEWHERE = {
    "account": "portal.commands:account",
    "audit": "portal.commands:audit",
    "channels": "portal.commands:channels",
    "doctor": "portal.commands:doctor",
    "migrate": "portal.commands:migrate",
    "outbox": "portal.commands:outbox",
    "plugin": "portal.plugin_commands:plugin",
    "plugins": "portal.plugin_commands:plugins",
    "prepare": "portal.commands:prepare",
    "reseal": "portal.commands:reseal",
    "settings": "portal.commands:settings",
    "staff": "portal.commands:staff",
    "web": "portal.commands:web",
    "worker": "portal.commands:worker",
}
"""Commands that need the app: importing it costs more time and memory than `run` may."""
_SERVING = ("run", "web", "worker")
"""They take `--no-plugins` behind their own name too, where it is looked for."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called. Plugins may bring more: a name
    that is nobody else's is theirs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        own = {*super().list_commands(ctx), *_ELSEWHERE} - {"prepare"}
        theirs: list[str] = import_string("portal.plugin_commands:names_of_groups")()
        return sorted({*own, *theirs})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        if found is None:
            place = _ELSEWHERE.get(cmd_name)
            asked: Any = import_string(place or "portal.plugin_commands:group_of")
            found = asked if place else asked(cmd_name)
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


@portal.command()
def run() -> None:
    """Run everything on this machine: web, workers and, without a mail server, a mailbox."""
    raise SystemExit(import_string("portal.supervisor:run")())


def main(args: Sequence[str] | None = None) -> None:
    portal.main(args=args, prog_name="portal")

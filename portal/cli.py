"""The `portal` command. What `run` needs stays light; the rest is loaded when it is called."""

from __future__ import annotations

from collections.abc import Sequence

import click
from werkzeug.utils import import_string

_ELSEWHERE = {
    "account": "portal.commands:account",
    "channels": "portal.commands:channels",
    "doctor": "portal.commands:doctor",
    "migrate": "portal.commands:migrate",
    "outbox": "portal.commands:outbox",
    "prepare": "portal.commands:prepare",
    "reseal": "portal.commands:reseal",
    "settings": "portal.commands:settings",
    "staff": "portal.commands:staff",
    "web": "portal.commands:web",
    "worker": "portal.commands:worker",
}
"""Commands that need the app: importing it costs more time and memory than `run` may."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        hidden = {"prepare"}
        return sorted({*super().list_commands(ctx), *_ELSEWHERE} - hidden)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _ELSEWHERE:
            found: click.Command = import_string(_ELSEWHERE[cmd_name])
            return found
        return super().get_command(ctx, cmd_name)


@click.group(cls=LazyGroup)
def portal() -> None:
    """Portico: the front door of a business's client portal."""


@portal.command()
def run() -> None:
    """Run everything on this machine: web, workers and, without a mail server, a mailbox."""
    raise SystemExit(import_string("portal.supervisor:run")())


def main(args: Sequence[str] | None = None) -> None:
    portal.main(args=args, prog_name="portal")

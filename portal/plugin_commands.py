"""Commands about plugins: list them, begin one, check one; and the commands they bring."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask import Flask

from portal import checks, config, scaffold
from portal import plugins as host
from portal.app import create_app, operator
from portal.errors import PortalError
from portal.plugins import PluginInfo
from portal.plugins.sources import found

KEPT_OUT, MISUSED = 1, 2


class PluginGroup(click.Group):
    """The commands of one plugin: they run inside the app's context."""

    app: Flask

    def invoke(self, ctx: click.Context) -> Any:
        with self.app.app_context():
            return super().invoke(ctx)


def names_of_groups() -> list[str]:
    """Return the names of the plugins that bring commands, for the list of commands.

    A portal that is not set up yet has a list of commands too.
    """
    try:
        settings = config.load()
        sources = found(settings.home / "plugins")
        with checks.silence():
            loaded = host.load(operator(settings), sources, settings.plugins)
    except (PortalError, OSError):
        return []
    return loaded.implementers("portal_commands")


def group_of(name: str) -> click.Command | None:
    """Return the commands of the plugin *name*, or None when it brings none."""
    if name not in names_of_groups():
        return None
    app = _app()
    commands = app.extensions["portal_plugins"].commands().get(name, ())
    group = PluginGroup(
        name,
        commands={one.name: one for one in commands if one.name},
        help=f"Commands of the plugin {name}.",
    )
    group.app = app
    return group


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each plugin.")
def plugins(*, as_json: bool) -> None:
    """List the plugins: name, version, state, channels and hooks.

    Ends with status 1 when one is kept out or PORTAL_PLUGINS names one that is not there.
    """
    listed: list[PluginInfo] = _app().extensions["portal_plugins"].described()
    for one in listed:
        click.echo(json.dumps(asdict(one)) if as_json else _line(one))
        if one.why and not as_json:
            click.echo("".join(f"    {line}\n" for line in one.why.splitlines()), nl=False)
    if any(one.state in ("kept out", "not found") for one in listed):
        sys.exit(KEPT_OUT)


@click.group()
def plugin() -> None:
    """Write a plugin: begin one, and check it against the contract."""


@plugin.command()
@click.argument("name")
@click.option(
    "--in",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder to make the package in; this one if not given.",
)
def new(name: str, folder: Path) -> None:
    """Write a complete package for a channel called NAME: code, settings, tests and README."""
    try:
        made = scaffold.write(name, folder)
    except (scaffold.ScaffoldError, OSError) as error:
        click.echo(f"portal: {error}", err=True)
        sys.exit(MISUSED)
    click.echo(f"{made} is ready. Next: portal plugin check {made}")


@plugin.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def check(path: Path) -> None:
    """Try the plugin at PATH, a package's folder or one .py file, against the contract.

    Prints a line for each test, and ends with status 1 when one fails.
    """
    counts = {"ok": 0, "failed": 0, "not run": 0}
    for line in checks.of(path.resolve()):
        counts[line.state] += 1
        click.echo(f"{line.state:7}  {line.subject}: {line.says}")
        if line.words:
            click.echo(
                "".join(f"           {words}\n" for words in line.words.splitlines()), nl=False
            )
    click.echo(", ".join(f"{count} {state}" for state, count in counts.items()))
    if counts["failed"]:
        sys.exit(KEPT_OUT)


def _app() -> Flask:
    """Return the app, whose plugins say on standard output what is wrong, instead of in the log."""
    try:
        with checks.silence():
            return create_app()
    except PortalError as error:
        click.echo(f"portal: {error}", err=True)
        sys.exit(MISUSED)


def _line(one: PluginInfo) -> str:
    words = [one.name, one.version or "-", one.state]
    if one.channels:
        words.append(f"channels {', '.join(one.channels)}")
    if one.hooks:
        words.append(", ".join(one.hooks))
    if one.source:
        words.append(f"[{one.source}]")
    return "  ".join(words)

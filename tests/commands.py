"""The `portal` command in this process, as quick as a page: a program of its own costs a second."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from click.testing import CliRunner

from portal import cli
from portal.db import db

Done = subprocess.CompletedProcess[str]


def run(home: Path, *words: str, **environment: str) -> Done:
    """Run `portal` with some words and settings, and with none of this process's own."""
    unset = {name: None for name in os.environ if name.startswith("PORTAL")}
    given = {**unset, "PORTAL_HOME": str(home), **environment}
    result = CliRunner().invoke(cli.portal, words, prog_name="portal", env=given)
    _let_go()
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return Done(words, result.exit_code, result.stdout, result.stderr)


def _let_go() -> None:
    """Close what a program would leave to its end."""
    for app, engines in list(db._app_engines.items()):
        for engine in engines.values():
            engine.dispose()
        if "portal_queue" in app.extensions:
            app.extensions["portal_queue"].huey.storage.close()

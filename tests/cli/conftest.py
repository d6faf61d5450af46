"""The `portal` command as an operator types it, in this process and as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal import cli
from portal.db import db

Done = subprocess.CompletedProcess[str]
Command = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def portal(home: Path) -> Command:
    """Run `portal` with some words and settings, on a home of the test's own."""

    def run(*words: str, **environment: str) -> Done:
        unset = {name: None for name in os.environ if name.startswith("PORTAL")}
        given = {**unset, "PORTAL_HOME": str(home), **environment}
        result = CliRunner().invoke(cli.portal, words, prog_name="portal", env=given)
        _let_go()
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return Done(words, result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def program(home: Path) -> Command:
    """Like `portal`, as a program of its own, which costs a second."""

    def run(*words: str, **environment: str) -> Done:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL")}
        return subprocess.run(
            [sys.executable, "-m", "portal", *words],
            env={**clean, "PORTAL_HOME": str(home), **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run


def complains(done: Done, *words: str) -> None:
    """The command ended with status 2, wrote one line about it, and nothing else."""
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("portal: ")
    for one in words:
        assert one in lines[0]


def _let_go() -> None:
    """Close what a program would leave to its end."""
    for app, engines in list(db._app_engines.items()):
        for engine in engines.values():
            engine.dispose()
        if "portal_queue" in app.extensions:
            app.extensions["portal_queue"].huey.storage.close()

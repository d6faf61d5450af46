"""The `portal` command as an operator types it, in this process and as a program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests import commands
from tests.commands import Done

Command = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def portal(home: Path) -> Command:
    """Run `portal` with some words and settings, on a home of the test's own."""

    return partial(commands.run, home)


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

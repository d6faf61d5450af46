"""`portal plugin new` writes a package that works as it is, and `portal plugin check` says so."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from portal.cli import portal
from tests.cast import Staff, Worker, World
from tests.plugins.plugs import Folder
from tests.postman import Postman

Command = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.setenv("PORTAL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    return lambda *words: CliRunner().invoke(portal, [str(word) for word in words])


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package as it is generated."""
    folder = tmp_path_factory.mktemp("new")
    done = CliRunner().invoke(portal, ["plugin", "new", "acme_chat", "--in", str(folder)])
    assert done.exit_code == 0, done.output
    assert str(folder / "portal-acme-chat") in done.output
    return folder / "portal-acme-chat"


def program(package: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=package, capture_output=True, text=True, timeout=60)


def test_a_new_package_is_whole(package: Path) -> None:
    files = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    assert files >= {
        "README.md",
        "pyproject.toml",
        "portal_acme_chat/__init__.py",
        "portal_acme_chat/channel.py",
        "portal_acme_chat/form.py",
        "portal_acme_chat/replies.py",
        "tests/test_contract.py",
    }
    text = "".join((package / name).read_text() for name in sorted(files) if "pyc" not in name)
    assert "@" not in text.replace("@hookimpl", "").replace("carl@carter", "").replace(
        "@pytest", ""
    )
    assert "class AcmeChat(Channel)" in text


def test_its_own_tests_pass(package: Path) -> None:
    done = program(package, "pytest", "-q", "-p", "no:cacheprovider", "-W", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "46 passed" in done.stdout


@pytest.mark.parametrize("name", ["a", "acme_chat", "a" * 20])
def test_it_reads_well(name: str, run: Command, tmp_path: Path) -> None:
    run("plugin", "new", name, "--in", tmp_path)
    (made,) = tmp_path.iterdir()
    for words in (("check",), ("format", "--check")):
        done = program(made, "ruff", *words, "--no-cache", ".")
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_keeps_the_contract(package: Path, run: Command) -> None:
    done = run("plugin", "check", package)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].startswith("ok       acme_chat: It can be loaded: portal_channels")
    assert "ok       acme_chat: The link arrives byte for byte." in lines
    assert lines[-1] == "26 ok, 0 failed, 1 not run"


def test_it_works_in_the_operators_folder(
    package: Path,
    world: World,
    make_app: Callable[..., Flask],
    postman: Postman,
    tmp_path: Path,
) -> None:
    folder = Folder(tmp_path)
    shutil.copytree(package / "portal_acme_chat", folder.path / "portal_acme_chat")
    app = make_app()
    found = {one.name: one for one in app.extensions["portal_plugins"].described()}
    assert found["acme_chat"].state == "loaded", found["acme_chat"].why
    assert found["acme_chat"].version == "0.1.0"
    ada = Staff(World(app, postman, Worker(app)), "ada@acme.example", "acme").signs_in()
    ada.at("channels/acme_chat").sees("Where messages are posted", "Secret of the receipts")


@pytest.mark.parametrize("name", ["Relay", "1relay", "re-lay", "re lay", "../relay", "a__b", "",
                                  "a" * 21, "email", "class"])  # fmt: skip
def test_a_bad_name_is_refused_and_nothing_is_written(
    run: Command, tmp_path: Path, name: str
) -> None:
    done = run("plugin", "new", name, "--in", tmp_path)
    assert done.exit_code == 2
    assert "Use lower-case letters" in done.output or "Choose another name" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(run: Command, tmp_path: Path) -> None:
    (tmp_path / "portal-relay").mkdir()
    done = run("plugin", "new", "relay", "--in", tmp_path)
    assert done.exit_code == 2
    assert "is there already" in done.output
    assert list((tmp_path / "portal-relay").iterdir()) == []
    assert "There is no folder" in run("plugin", "new", "owl", "--in", tmp_path / "none").output

"""`portal plugins`, `portal plugin check`, `--no-plugins`, and the commands that plugins bring."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from portal.cli import portal as group

Command = Callable[..., "subprocess.CompletedProcess[str]"]
OWL = """
import click
from flask import current_app

@click.command()
@click.argument("times", type=int)
def hoot(times):
    "Hoot, TIMES times."
    click.echo(" ".join(["Hoo"] * times) + " at " + current_app.config["PORTAL_SETTINGS"].url)

def portal_commands():
    return [hoot]
"""
BARE = """
from portal.channel import Caps, Channel, PermanentError, Sent

class Bare(Channel):
    id, name, caps = "bare", "Bare", Caps(address="email")

    def send(self, request, settings):
        print(request.link)
        return Sent()

def portal_channels(operator):
    return [Bare()]
"""


@pytest.fixture
def put(home: Path) -> Callable[[str, str], Path]:
    def write(name: str, body: str) -> Path:
        (home / "plugins").mkdir(parents=True, exist_ok=True)
        path = home / "plugins" / f"{name}.py"
        head = "from portal.hookspecs import hookimpl\n"
        path.write_text(head + body.replace("def portal_", "@hookimpl\ndef portal_"))
        return path

    return write


def test_a_plugin_brings_commands_that_run_inside_the_app(
    portal: Command, put: Callable[[str, str], Path]
) -> None:
    put("owl", OWL)
    assert "owl" in portal("--help").stdout
    assert "Hoot, TIMES times." in portal("owl", "--help").stdout
    assert portal("owl", "hoot", "2").stdout == "Hoo Hoo at http://127.0.0.1:8000\n"
    done = portal("pigeon", "hoot")
    assert done.returncode == 2
    assert "No such command 'pigeon'" in done.stderr


def test_the_portals_own_commands_win(portal: Command, put: Callable[[str, str], Path]) -> None:
    put("settings", OWL)
    assert "PORTAL_HOME" in portal("settings").stdout
    assert portal("--help").stdout.count("  settings ") == 1


def test_help_does_not_need_a_portal_that_is_set_up(
    portal: Command, put: Callable[[str, str], Path], home: Path
) -> None:
    assert "worker" in portal("--help", PORTAL_URL="nonsense").stdout
    assert not home.exists(), "asking for help changes nothing"
    put("broken", "1 / 0")
    done = portal("--help")
    assert "worker" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_plugins_are_listed_with_version_hooks_and_state(
    portal: Command, put: Callable[[str, str], Path]
) -> None:
    file = put("owl", OWL + "\n__version__ = '1.4'\n")
    done = portal("plugins")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert f"owl  1.4  loaded  portal_commands  [{file}]" in lines
    (email,) = (line for line in lines if line.startswith("email"))
    assert "loaded  channels email  portal_channels" in email
    assert "comes with Portico" in email


def test_one_that_is_kept_out_is_told_with_its_traceback_and_status_1(
    portal: Command, put: Callable[[str, str], Path]
) -> None:
    put("broken", "1 / 0")
    put("open", OWL).chmod(0o666)
    done = portal("plugins", "--json")
    assert done.returncode == 1
    found = {one["name"]: one for one in map(json.loads, done.stdout.splitlines())}
    assert found["broken"]["state"] == "kept out"
    assert "ZeroDivisionError" in found["broken"]["why"]
    assert "Type: chmod -R go-w" in found["open"]["why"]
    assert found["email"]["hooks"] == ["portal_channels"]
    plain = portal("plugins")
    assert plain.returncode == 1
    assert "    ZeroDivisionError: division by zero" in plain.stdout.splitlines()


def test_a_name_that_nobody_has_is_told(portal: Command) -> None:
    done = portal("plugins", PORTAL_PLUGINS="built-in,relai")
    assert done.returncode == 1
    assert "relai  -  not found" in done.stdout
    assert "neither installed nor in the folder plugins" in done.stdout


@pytest.mark.parametrize(
    "words", [("--no-plugins", "plugins"), ("--no-plugins", "owl", "hoot", "1")]
)
def test_without_plugins_only_the_built_in_ones_are_loaded(
    portal: Command,
    put: Callable[[str, str], Path],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    put("owl", OWL)
    monkeypatch.setenv("PORTAL_PLUGINS", "*")  # so that it is put back
    done = portal(*words, PORTAL_PLUGINS="*")
    if words[1] == "plugins":
        assert "owl  -  left out" in done.stdout
        assert "email" in done.stdout
        assert done.returncode == 0
    else:
        assert "No such command 'owl'" in done.stderr


@pytest.mark.parametrize("name", ["run", "web", "worker"])
def test_what_serves_takes_the_option_too(name: str) -> None:
    for _again in range(2):
        command = group.get_command(click.Context(group), name)
        assert command
        assert [one.name for one in command.params].count("no_plugins") == 1


def test_a_process_started_without_plugins_reads_none(
    program: Command, put: Callable[[str, str], Path], home: Path
) -> None:
    put("owl", f"open({str(home / 'read')!r}, 'a').close()")
    assert program("--no-plugins", "migrate").returncode == 0
    assert not (home / "read").exists()


def test_a_single_file_is_checked_with_settings_that_are_made_up(
    portal: Command, put: Callable[[str, str], Path]
) -> None:
    done = portal("plugin", "check", str(put("bare", BARE)))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "ok       bare: It can be loaded: portal_channels"
    assert "failed   bare: The link arrives byte for byte." in lines
    secret = lines.index("failed   bare: No secret, link or code stands in a log, an error or the "
                         "channel's own text.")  # fmt: skip
    assert lines[secret + 1].strip() == "the link is told when the server's answer is accepted"
    assert "not run  bare: A receipt that was changed, or has no signature, raises" in done.stdout


@pytest.mark.parametrize(
    ("body", "words"),
    [("1 / 0", "ZeroDivisionError"), ("def portal_chanels(operator): return []", "portal_chanels")],
)
def test_what_cannot_be_loaded_is_told(
    portal: Command, put: Callable[[str, str], Path], body: str, words: str
) -> None:
    done = portal("plugin", "check", str(put("bad", body)))
    assert done.returncode == 1
    assert "failed   bad: It can be loaded" in done.stdout
    assert words in done.stdout


def test_a_traceback_is_told_once_and_begins_where_the_plugin_does(
    program: Command, put: Callable[[str, str], Path]
) -> None:
    file = put("bad", "def halve(): 1 / 0\nhalve()")
    done = program("plugin", "check", str(file))
    assert done.stderr == ""
    told = [line.strip() for line in done.stdout.splitlines()[1:-1]]
    assert told[0] == "Traceback (most recent call last):"
    assert told[1] == f'File "{file}", line 3, in <module>'
    assert told[-1] == "ZeroDivisionError: division by zero"
    assert len([line for line in told if line.startswith("File")]) == 2


def test_a_traceback_that_is_all_the_portals_own_is_left_out(
    portal: Command, put: Callable[[str, str], Path]
) -> None:
    done = portal("plugin", "check", str(put("bad", "def portal_chanels(operator): return []")))
    assert "Traceback" not in done.stdout
    assert "unknown hook 'portal_chanels'" in done.stdout


def test_a_file_of_a_package_is_sent_to_its_folder(portal: Command, tmp_path: Path) -> None:
    assert portal("plugin", "new", "owl", "--in", str(tmp_path)).returncode == 0
    folder = tmp_path / "portal-owl" / "portal_owl"
    for name in ("channel.py", "__init__.py"):
        done = portal("plugin", "check", str(folder / name))
        assert done.returncode == 1
        assert f"Check the package's folder instead: portal plugin check {folder}" in done.stdout
        assert "ImportError" not in done.stdout


def test_a_folder_without_a_package_is_told(portal: Command, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = portal("plugin", "check", str(tmp_path / "nothing"))
    assert done.returncode == 1
    assert "it holds 0 packages" in done.stdout
    assert portal("plugin", "check", str(tmp_path / "none")).returncode == 2

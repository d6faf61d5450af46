"""Which plugins are loaded, from where, and what becomes of those that must not be."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.plugins import Plugins, guard, trial
from tests.plugins.plugs import Folder, built_in

SECTION = """
from portal.channel import Section

@hookimpl
def portal_sections(account_slug):
    return [Section("files", "Files")]
"""
CHANNELS = "@hookimpl\ndef portal_channels(operator):\n    "
SEGFAULT = "import ctypes; ctypes.string_at(0)"
ELSE = 65534  # nobody


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def states(plugins: Plugins) -> dict[str, str]:
    return {one.name: one.state for one in plugins.described()}


def why(plugins: Plugins, name: str) -> str:
    return next(one.why for one in plugins.described() if one.name == name)


def test_all_are_loaded_unless_some_are_named(folder: Folder) -> None:
    folder.put("rooms", SECTION)
    everything = states(folder.load())
    assert {*everything} >= {"email", "clipboard", "rooms"}
    assert {*everything.values()} == {"loaded"}
    some = folder.load("email", "rooms")
    assert [name for name, state in states(some).items() if state == "loaded"] == ["email", "rooms"]
    assert states(some)["clipboard"] == "left out"
    assert list(some.channels) == ["email"]
    assert states(folder.load("built-in"))["rooms"] == "left out"
    assert folder.load("built-in").sections("acme") == []
    assert list(folder.load("built-in").channels) == built_in()


def test_a_plugin_that_is_left_out_is_not_even_read(folder: Folder, tmp_path: Path) -> None:
    folder.put("rooms", f"open({str(tmp_path / 'was-here')!r}, 'w').close()")
    folder.load("built-in")
    assert not (tmp_path / "was-here").exists()
    folder.load("built-in", "rooms")
    assert (tmp_path / "was-here").exists()


def test_a_name_that_nobody_has_is_told_clearly(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    plugins = folder.load("built-in", "relai")
    assert "PORTAL_PLUGINS names relai, but there is no such plugin." in caplog.text
    assert states(plugins)["relai"] == "not found"
    assert list(plugins.channels) == built_in()


def test_plugins_tell_their_version_hooks_channels_and_origin(folder: Folder) -> None:
    file = folder.put("rooms", SECTION + "__version__ = '2.1'\n")
    plugins = folder.load()
    found = {one.name: one for one in plugins.described()}
    assert found["rooms"].version == "2.1"
    assert found["rooms"].source == str(file)
    assert found["rooms"].hooks == ("portal_sections",)
    assert found["email"].channels == ("email",)
    assert found["email"].source == "comes with Portico (portal_email)"
    assert found["email"].version
    assert plugins.plugin_of("email") == "email"
    assert plugins.plugin_of("pigeon") == ""


@pytest.mark.parametrize(
    ("mode", "words"),
    [(0o777, "everybody"), (0o757, "everybody"), (0o775, "its group")],
)
def test_a_folder_that_others_can_write_to_is_refused(
    folder: Folder, mode: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder.put("rooms", SECTION)
    folder.path.chmod(mode)
    plugins = folder.load()
    assert states(plugins)["rooms"] == "kept out"
    told = f"{folder.path} can be changed by {words}. Type: chmod -R go-w {folder.path}"
    assert told == why(plugins, "rooms")
    assert told in caplog.text
    assert plugins.sections("acme") == []
    assert list(plugins.channels) == built_in()


@pytest.mark.parametrize("inside", ["rooms.py", "house", "house/__init__.py", "house/a/b.py",
                                    "house/__pycache__", "__pycache__"])  # fmt: skip
def test_so_is_a_plugin_that_others_can_write_to_and_no_other(folder: Folder, inside: str) -> None:
    folder.put("rooms", SECTION)
    folder.put("alone", SECTION)
    (folder.path / "house" / "a").mkdir(parents=True)
    (folder.path / "house" / "__pycache__").mkdir()
    (folder.path / "__pycache__").mkdir()
    (folder.path / "house" / "__init__.py").write_text("from portal.hookspecs import hookimpl\n")
    (folder.path / "house" / "a" / "b.py").write_text("")
    (folder.path / inside).chmod(0o777)
    found = folder.load().described()
    kept_out = [one.name for one in found if one.state == "kept out"]
    owner = inside.split("/")[0].removesuffix(".py")
    assert kept_out == (["alone", "house", "rooms"] if owner == "__pycache__" else [owner])
    told = f"{folder.path / inside} can be changed by everybody."
    command = f"chmod -R go-w {folder.path}"
    assert {one.why for one in found if one.why} == {f"{told} Type: {command}"}
    subprocess.run(shlex.split(command), check=True)
    assert {one.state for one in folder.load().described()} == {"loaded"}


@pytest.mark.skipif("os.geteuid() != 0", reason="only root can give files away")
def test_so_is_what_belongs_to_somebody_else(folder: Folder) -> None:
    file = folder.put("rooms", SECTION)
    os.chown(file, ELSE, ELSE)
    plugins = folder.load()
    assert states(plugins)["rooms"] == "kept out"
    assert "belongs to nobody, neither to root nor to root" in why(plugins, "rooms")
    assert f"Type: chown -R root {folder.path}" in why(plugins, "rooms")


def test_so_is_a_link_to_a_place_that_others_can_write_to(folder: Folder, tmp_path: Path) -> None:
    open_place = tmp_path / "open"
    open_place.mkdir()
    (open_place / "rooms.py").write_text("from portal.hookspecs import hookimpl\n" + SECTION)
    (folder.path / "rooms.py").symlink_to(open_place / "rooms.py")
    assert states(folder.load())["rooms"] == "loaded"
    open_place.chmod(0o777)
    plugins = folder.load()
    assert states(plugins)["rooms"] == "kept out"
    assert why(plugins, "rooms").endswith(f"Type: chmod go-w {open_place}")
    open_place.chmod(0o755)
    (open_place / "rooms.py").chmod(0o666)
    told = why(folder.load(), "rooms")
    assert told.endswith(f"Type: chmod -R go-w {open_place / 'rooms.py'}")


def test_loading_leaves_no_files_behind(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    folder.put("rooms", SECTION)
    folder.load()
    assert [path.name for path in folder.path.iterdir()] == ["rooms.py"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("import os; os._exit(9)", "It ended the process while it was loaded, with status 9."),
        (SEGFAULT, "SIGSEGV"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        (CHANNELS + "import os; os._exit(3)", "with status 3."),
        ("@hookimpl\ndef portal_blueprint(place):\n    import os; os._exit(4)", "with status 4."),
        ("import sys; sys.exit(5)", "SystemExit: 5"),
        ("raise BaseException('odd')", "BaseException: odd"),
    ],
    ids=[
        "_exit",
        "segfault",
        "kill",
        "channels",
        "blueprint",
        "exit",
        "base",
    ],
)
def test_one_that_would_end_the_process_is_kept_out_and_the_app_starts(
    folder: Folder, body: str, words: str
) -> None:
    folder.put("a_bad_one", body)
    folder.put("rooms", SECTION)
    plugins = folder.load()
    assert [name for name, state in states(plugins).items() if state == "kept out"] == ["a_bad_one"]
    assert list(plugins.channels) == built_in()
    assert states(plugins)["rooms"] == "loaded"
    assert words in why(plugins, "a_bad_one")


def test_ending_without_a_complaint_is_noticed_too() -> None:
    # Not by way of `load`: without the trial, status 0 would end pytest as if all was well.
    told = trial.first_to_fail(["a", "b"], lambda index: os._exit(0) if index else None)
    assert told == (1, "It ended the process while it was loaded, with status 0.")
    assert trial.first_to_fail(["a", "b"], lambda _index: None) is None


def test_one_that_hangs_when_it_is_loaded_is_kept_out(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "SECONDS", 0.3)
    folder.put("a_bad_one", "import time; time.sleep(60)")
    folder.put("rooms", SECTION)
    began = time.monotonic()
    plugins = folder.load()
    assert time.monotonic() - began < 3
    assert why(plugins, "a_bad_one") == "It did not load within 0.3 seconds."
    assert states(plugins)["rooms"] == "loaded"


def test_one_whose_channels_hang_is_kept_out(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "USUAL_LIMIT", 0.3)
    folder.put("a_bad_one", CHANNELS + "import time; time.sleep(60)")
    plugins = folder.load()
    assert "did not answer within 0.3 seconds" in why(plugins, "a_bad_one")


def test_several_bad_ones_are_all_found(folder: Folder) -> None:
    for name in "abc":
        folder.put(name, f"import os; os._exit({ord(name)})")
    folder.put("rooms", SECTION)
    plugins = folder.load()
    assert [name for name, state in states(plugins).items() if state == "kept out"] == list("abc")
    assert "status 98" in why(plugins, "b")
    assert len(plugins.sections("acme")) == 1


def test_a_wrapper_is_kept_out(folder: Folder) -> None:
    hook = "@hookimpl(wrapper=True)\ndef portal_sections(account_slug):\n    return (yield)"
    folder.put("wraps", hook)
    plugins = folder.load()
    assert "portal_sections is a wrapper" in why(plugins, "wraps")


def test_the_built_in_ones_need_no_trial(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_fork() -> int:
        raise AssertionError("a start without foreign plugins must not fork")

    monkeypatch.setattr(os, "fork", no_fork)
    assert list(folder.load().channels) == built_in()

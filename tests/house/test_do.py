"""The one command of the repository, on machines that lack something."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = {"run", "test", "lint", "bench", "lock", "clean", "help"}
TOOLS = [
    "cat",
    "chmod",
    "cksum",
    "cp",
    "dirname",
    "flock",
    "id",
    "ln",
    "mkdir",
    "readlink",
    "rm",
    "sh",
]
PYTHON = """#!/bin/sh
# A python3 that is new enough, has no venv module unless HAS_VENV, and makes a venv with pip in it.
echo "python3 $*" >>"$LOG"
case $* in
    *version_info*) exit "${TOO_OLD:-0}" ;;
    *_base_executable*) echo "$0" ;;
    *'import ensurepip'*) [ -n "${HAS_VENV:-}" ] ;;
    --version) echo "Python 3.9.2" ;;
    '-m venv '*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    '-m pip '*uv) cp uv.stub .bootstrap/uv/bin/uv ;;
esac
"""
UV = """#!/bin/sh
# A uv that notes what it is asked and leaves a virtual environment with a portal command.
echo "uv $*" >>"$LOG"
case $* in
    --version) echo "uv ${UV_SAYS:-0.9.1} (stub)" ;;
    'venv '*) mkdir -p .venv/bin && ln -s /bin/true .venv/bin/python &&
        printf '#!/bin/sh\\necho "portal $*"\\n' >.venv/bin/portal && chmod +x .venv/bin/portal ;;
esac
"""


class Machine:
    """A clone of the repository and a PATH with next to nothing in it."""

    def __init__(self, home: Path) -> None:
        self.clone = home / "clone"
        self.bin = home / "bin"
        self.log = home / "log"
        (self.clone / "requirements").mkdir(parents=True)
        self.bin.mkdir()
        self.log.touch()
        for name in ("do", "setup.cfg", "pyproject.toml"):
            shutil.copy(ROOT / name, self.clone / name)
        for name in ("run.txt", "dev.txt"):
            (self.clone / "requirements" / name).write_text("flask==3.1.3\n")
        self.stub(self.clone / "uv.stub", UV)
        for tool in TOOLS:
            path = shutil.which(tool)
            if path:
                (self.bin / tool).symlink_to(path)

    def has(self, name: str, script: str) -> None:
        """Put a command of that name into the PATH."""
        (self.bin / name).unlink(missing_ok=True)
        self.stub(self.bin / name, script)

    @staticmethod
    def stub(path: Path, script: str) -> None:
        path.write_text(script)
        path.chmod(0o755)

    def does(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.bin), "LOG": str(self.log)} | environment
        self.log.write_text("")
        return subprocess.run(
            ["sh", str(self.clone / "do"), *words], env=env, capture_output=True, text=True
        )

    @property
    def asked(self) -> str:
        """What the last command asked python3 and uv to do."""
        return self.log.read_text()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_help_lists_every_target_and_make_knows_the_same() -> None:
    shown = subprocess.run([ROOT / "do", "help"], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  (\w+) ", shown, re.MULTILINE)) == TARGETS
    makefile = (ROOT / "Makefile").read_text()
    rules = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert rules
    assert set(rules[1].split()) == TARGETS


def test_the_script_is_plain_sh() -> None:
    shell = shutil.which("dash") or "sh"
    subprocess.run([shell, "-n", ROOT / "do"], check=True)
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)
    assert os.access(ROOT / "do", os.X_OK)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_an_unknown_command_is_refused(machine: Machine) -> None:
    answer = machine.does("runn")
    assert answer.returncode == 2
    assert answer.stderr.endswith("There is no command 'runn'.\n")


def test_the_first_start_installs_and_the_second_does_not(machine: Machine) -> None:
    machine.has("python3", PYTHON)
    machine.has("uv", UV)
    assert machine.does("run", "--now").stdout == "portal run --now\n"
    assert "--require-hashes -r requirements/run.txt" in machine.asked
    assert "--no-deps -e ." in machine.asked
    assert machine.does("run").stdout == "portal run\n"
    assert machine.asked == ""


@pytest.mark.parametrize("name", ["setup.cfg", "pyproject.toml", "requirements/run.txt"])
def test_a_changed_dependency_is_installed(machine: Machine, name: str) -> None:
    machine.has("python3", PYTHON)
    machine.has("uv", UV)
    machine.does("run")
    with (machine.clone / name).open("a") as changed:
        changed.write("# changed\n")
    machine.does("run")
    assert "uv pip install" in machine.asked
    assert "uv venv" not in machine.asked


def test_a_moved_clone_gets_a_new_environment(machine: Machine) -> None:
    machine.has("python3", PYTHON)
    machine.has("uv", UV)
    machine.does("run")
    machine.clone = machine.clone.rename(machine.clone.with_name("moved"))
    assert machine.does("run").returncode == 0
    assert "uv venv" in machine.asked


@pytest.mark.parametrize("old", ["0.2.37", "not found"])
def test_an_old_or_broken_uv_is_replaced_by_our_own(machine: Machine, old: str) -> None:
    machine.has("python3", PYTHON)
    machine.has("uv", f"#!/bin/sh\necho 'uv {old}'\n")
    answer = machine.does("run", HAS_VENV="1")
    assert answer.stdout == "portal run\n", answer.stderr
    assert "python3 -m venv .bootstrap/uv" in machine.asked


def test_without_venv_and_root_it_says_the_one_command_to_type(machine: Machine) -> None:
    machine.has("python3", PYTHON)
    machine.has("id", "#!/bin/sh\necho 1000\n")
    machine.has("apt-get", "#!/bin/sh\nexit 1\n")
    answer = machine.does("run")
    assert answer.returncode == 2
    assert answer.stderr == (
        "Python's venv module is missing. Type: sudo apt-get install -y python3-venv\n"
    )


def test_an_old_python_is_refused_in_one_line(machine: Machine) -> None:
    machine.has("python3", PYTHON)
    answer = machine.does("run", TOO_OLD="1")
    assert answer.returncode == 2
    assert answer.stderr == "Portico needs Python 3.11 or later; python3 here is Python 3.9.2.\n"


def test_no_python_is_said_in_one_line(machine: Machine) -> None:
    answer = machine.does("run")
    assert answer.returncode == 2
    assert answer.stderr == "Portico needs Python 3.11 or later; python3 here is missing.\n"

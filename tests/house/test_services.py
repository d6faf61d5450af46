"""The tests' own tools: skips that are counted or refused, and servers that never outlive a run."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import need_redis

ROOT = Path(__file__).parents[2]
SKIPS = """
import pytest

def test_that_runs(): pass
def test_that_skips(): pytest.skip("needs Windows: buy it")
@pytest.mark.skipif(True, reason="not today")
def test_marked(): pass
@pytest.mark.xfail(strict=True)
def test_known_to_fail(): assert False
"""
SERVED = """
import os, time

def test_that_never_ends(redis_server, pytestconfig):
    print(redis_server.port, redis_server.shared, flush=True)
    time.sleep(60)
"""


def pytest_command(folder: Path, story: str, *words: str) -> list[str]:
    (folder / "test_story.py").write_text(story)
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    plain = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:time_machine"]
    return [sys.executable, "-m", "pytest", *plain, *words, str(folder)]


def surroundings(**more: str) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if "PYTEST" not in key}
    return inherited | {"PYTHONPATH": str(ROOT)} | more


def run_skips(folder: Path, *words: str, strict: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        pytest_command(folder, SKIPS, "-p", "tests.skips", *words),
        cwd=folder,
        env=surroundings(STRICT=strict),
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("words", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_skips_are_counted_with_their_cure(tmp_path: Path, words: tuple[str, ...]) -> None:
    answer = run_skips(tmp_path, *words, strict="0")
    assert answer.returncode == 0, answer.stdout
    assert "ran 2, skipped 2\n" in answer.stdout
    assert "1        needs Windows  buy it\n" in answer.stdout
    assert "1        not today\n" in answer.stdout


@pytest.mark.parametrize("words", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_strict_makes_every_skip_a_failure(tmp_path: Path, words: tuple[str, ...]) -> None:
    answer = run_skips(tmp_path, *words, strict="1")
    assert answer.returncode == 1
    assert "STRICT=1 allows no skip, and this one was skipped: not today" in answer.stdout
    assert "1 failed, 1 passed, 1 xfailed, 1 error" in answer.stdout
    assert "ran 2, skipped 2\n" in answer.stdout


def test_strict_refuses_a_skipped_module(tmp_path: Path) -> None:
    story = "import pytest\npytest.skip('not here', allow_module_level=True)\n"
    command = pytest_command(tmp_path, story, "-p", "tests.skips")
    strict = surroundings(STRICT="1")
    answer = subprocess.run(command, cwd=tmp_path, env=strict, capture_output=True, text=True)
    assert answer.returncode == 2
    assert "this one was skipped: not here" in answer.stdout


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_no_server_outlives_a_run_that_is_killed(tmp_path: Path, how: signal.Signals) -> None:
    need_redis()
    command = pytest_command(tmp_path, SERVED, "-p", "tests.services", "-s", "-q")
    with subprocess.Popen(
        command, cwd=tmp_path, env=surroundings(), stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        port, shared = next(filter(str.split, run.stdout)).split()
        with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as client:
            run.send_signal(how)
            assert client.recv(1) == b"", "the server hangs up"
        run.communicate(timeout=20)
    wait_until_gone(Path(shared))


def wait_until_gone(shared: Path) -> None:
    """The watcher is no child of ours, but hangs up its own socket as its last deed."""
    with socket.socket(socket.AF_UNIX) as watcher:
        watcher.settimeout(20)
        try:
            watcher.connect(str(shared / "redis-main.control"))
        except OSError:
            return
        watcher.recv(1)

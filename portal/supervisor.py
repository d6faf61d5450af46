"""`portal run`: starts web, workers and the local mailbox, watches them, and stops them all.

It imports next to nothing, because it lives as long as they do and waits.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from portal import mailbox
from portal.processes import SUPERVISOR, why_not_listen

MISUSED = 2
STOP_WITHIN_SECONDS = 4.5
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
STEADY_SECONDS = 60


class Child:
    """One process that must run: started again when it ends, after a growing pause."""

    def __init__(self, verb: str, environment: dict[str, str]) -> None:
        self.verb = verb
        self._environment = environment
        self._pause = SHORTEST_PAUSE
        self._started = 0.0
        self._again_at: float | None = None
        self.process = self._start()

    def look_after(self) -> None:
        """Start the process again if it has ended and its pause is over."""
        if self.process.poll() is None:
            if time.monotonic() - self._started > STEADY_SECONDS:
                self._pause = SHORTEST_PAUSE
            return
        if self._again_at is None:
            self._again_at = time.monotonic() + self._pause
            say(f"portal {self.verb} ended ({_how(self.process.returncode)}); "
                f"starting it again in {self._pause:g} s.")  # fmt: skip
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        elif time.monotonic() >= self._again_at:
            self._again_at = None
            self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._started = time.monotonic()
        return _spawn(self.verb, self._environment)


def run() -> int:
    """Run until SIGTERM or SIGINT; return the exit status."""
    stopping = _on_signals()
    prepared = _prepare()
    if prepared is None:
        return MISUSED
    if complaint := why_not_listen(prepared["host"], prepared["port"]):
        say(f"portal: {complaint}")
        return MISUSED
    box = mailbox.start(Path(prepared["mailbox"])) if prepared["mailbox"] else None
    environment = {**os.environ, SUPERVISOR: str(os.getpid())}
    if box is not None:
        environment["PORTAL_MAILBOX_SMTP"] = f"smtp://127.0.0.1:{box.port}?starttls=never"
    children = [Child("web", environment), Child("worker", environment)]
    try:
        announced = False
        while not stopping.wait(0.05 if not announced else 0.5):
            for child in children:
                child.look_after()
            if not announced and _answers(prepared):
                announced = True
                _announce(prepared)
    finally:
        _stop([child.process for child in children])
        if box is not None:
            box.stop()
    return 0


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)  # noqa: T201


class Stopping:
    """Set by a signal; `wait` returns early when it comes."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._asked = False

    def ask(self, _number: int, _frame: object) -> None:
        self._asked = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"x")

    def wait(self, seconds: float) -> bool:
        if not self._asked:
            select.select([self._reader], [], [], seconds)
        return self._asked


def _on_signals() -> Stopping:
    stopping = Stopping()
    signal.signal(signal.SIGTERM, stopping.ask)
    signal.signal(signal.SIGINT, stopping.ask)
    return stopping


def _prepare() -> dict[str, Any] | None:
    """Have the home, the tables and the demo made ready; None when a setting is wrong."""
    made = subprocess.run(_command("prepare"), stdout=subprocess.PIPE, check=False)  # noqa: S603
    if made.returncode != 0:
        return None
    found: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    return found


def _answers(prepared: dict[str, Any]) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(prepared["host"], prepared["host"])  # noqa: S104
    asked = http.client.HTTPConnection(host, prepared["port"], timeout=2)
    try:
        asked.request("GET", "/admin/", headers={"Host": prepared["netloc"]})
        return asked.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


def _announce(prepared: dict[str, Any]) -> None:
    """Print the lines that other programs read."""
    lines = ["Portico is ready."]
    if prepared["slug"]:
        lines.append(f"Client Portal URL: {prepared['url']}/p/{prepared['slug']}")
    if prepared["owner_link"]:
        lines.append(f"Owner sign-in: {prepared['owner_link']}")
    if prepared["mailbox"]:
        lines.append(f"Mailbox: {prepared['url']}/mailbox/")
    print("\n".join(lines), flush=True)  # noqa: T201


def _spawn(verb: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a child in a group of its own: Ctrl-C reaches it through us, once.

    What it prints goes to the log: our output is for the lines that other programs read.
    """
    return subprocess.Popen(  # noqa: S603
        _command(verb), env=environment, start_new_session=True, stdout=sys.stderr
    )


def _command(verb: str) -> list[str]:
    return [sys.executable, "-m", "portal", verb]


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask all to finish what they hold, and end what has not within the time."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_WITHIN_SECONDS
    for process in processes:
        try:
            process.wait(max(deadline - time.monotonic(), 0.01))
        except subprocess.TimeoutExpired:
            say(f"Process {process.pid} did not stop in time and is killed; its work is due again.")
        # Each leads a group of its own; whatever has outlived it there goes with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"status {code}"

"""`portal run`: forks web, workers and the local mailbox, watches them, and stops them all.

Everything was imported before the first fork, so that the processes share that memory and start
at once. Here stays one thread, without a connection to anything: a part that dies is forked anew.
"""

from __future__ import annotations

import contextlib
import gc
import http.client
import multiprocessing
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from typing import TextIO

from portal import mailbox
from portal.prepare import Prepared
from portal.processes import die_with_parent, name_this_process, signal_name

STOP_WITHIN_SECONDS = 4.5
MAILBOX_WITHIN_SECONDS = 0.3
"""It only finishes the message that it is writing."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
STEADY_SECONDS = 60
_OURS = (signal.SIGTERM, signal.SIGINT)
_fork = multiprocessing.get_context("fork")


class Part:
    """One process that must run: started again when it ends, after a growing pause."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self.name = name
        self._work = work
        self._pause = SHORTEST_PAUSE
        self._started = 0.0
        self._again_at: float | None = None
        self.process = self._start()

    def look_after(self) -> None:
        """Start the process again if it has ended and its pause is over."""
        if self.process.exitcode is None:
            if time.monotonic() - self._started > STEADY_SECONDS:
                self._pause = SHORTEST_PAUSE
            return
        if self._again_at is None:
            self._again_at = time.monotonic() + self._pause
            say(f"portal {self.name} ended ({_how(self.process.exitcode)}); "
                f"starting it again in {self._pause:g} s.")  # fmt: skip
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        elif time.monotonic() >= self._again_at:
            try:
                self.process = self._start()
            except OSError as error:  # no memory left for it, or too many processes
                say(f"portal {self.name} cannot be started ({error.strerror}).")
                self._again_at = time.monotonic() + self._pause
            else:
                self._again_at = None

    def _start(self) -> BaseProcess:
        self._started = time.monotonic()
        process = _fork.Process(target=_be, args=(self.name, self._work, os.getpid()))
        with _without_signals():
            process.start()
        return process


def run(prepared: Prepared, *, web: Callable[[], None], worker: Callable[[], None]) -> None:
    """Run *web*, *worker* and the mailbox until SIGTERM or SIGINT."""
    stopping = _on_signals()
    gc.collect()
    gc.freeze()
    parts: list[Part] = []
    try:
        if prepared.mailbox:
            box = mailbox.Mailbox(prepared.mailbox)
            os.environ["PORTAL_MAILBOX_SMTP"] = f"smtp://127.0.0.1:{box.port}?starttls=never"
            parts.append(Part("mailbox", box.serve))
        parts.append(Part("web", web))
        parts.append(Part("worker", worker))
        announced = False
        while not stopping.wait(0.02 if not announced else 0.5):
            for part in parts:
                part.look_after()
            if not announced and _answers(prepared):
                announced = True
                _announce(prepared)
    finally:
        # The mailbox last: what a worker is sending now goes there.
        _stop([part.process for part in parts if part.name != "mailbox"], STOP_WITHIN_SECONDS)
        _stop([part.process for part in parts if part.name == "mailbox"], MAILBOX_WITHIN_SECONDS)


def say(words: str) -> None:
    _write(words, sys.stderr)


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


def _answers(prepared: Prepared) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(prepared.host, prepared.host)  # noqa: S104
    asked = http.client.HTTPConnection(host, prepared.port, timeout=0.4)
    try:
        asked.request("GET", "/admin/", headers={"Host": prepared.netloc})
        return asked.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


def _announce(prepared: Prepared) -> None:
    """Print the lines that other programs read."""
    lines = ["Portico is ready."]
    if prepared.slug:
        lines.append(f"Client Portal URL: {prepared.url}/p/{prepared.slug}")
    if prepared.owner_link:
        lines.append(f"Owner sign-in: {prepared.owner_link}")
    if prepared.mailbox:
        lines.append(f"Mailbox: {prepared.url}/mailbox/")
    _write("\n".join(lines), sys.stdout)


def _write(words: str, to: TextIO) -> None:
    """Whoever read it may be gone, or the disk full; nothing that runs ends for that. Nothing is
    kept back either, which a process that is forked later would write."""
    with contextlib.suppress(OSError):
        os.write(to.fileno(), f"{words}\n".encode())


def _be(name: str, work: Callable[[], None], parent: int) -> None:
    """Become the part *name*, in a group of its own: Ctrl-C reaches it through us, once.

    What it prints goes to the log: our output is for the lines that other programs read.
    """
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _OURS)
    die_with_parent(parent)
    name_this_process(f"portal {name}")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    work()


@contextlib.contextmanager
def _without_signals() -> Iterator[None]:
    """Until a forked process has put our handlers off, a signal for it would seem to be for us."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _OURS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _OURS)


def _stop(processes: list[BaseProcess], within: float) -> None:
    """Ask all to finish what they hold, and end what has not *within* so many seconds."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + within
    for process in processes:
        process.join(max(deadline - time.monotonic(), 0.01))
        if process.exitcode is None:
            say(f"Process {process.pid} did not stop in time and is killed; its work is due again.")
        # Each leads a group of its own; whatever has outlived it there goes with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)


def _how(code: int) -> str:
    return f"killed by {signal_name(-code)}" if code < 0 else f"status {code}"

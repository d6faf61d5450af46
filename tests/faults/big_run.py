"""`python -m tests.faults.big_run`: a file of 100,000 rows from the upload to the last message.

At a third everything is killed with SIGKILL and started again, at two thirds the run is paused for
a while. Exits 1 when the preview took 20 seconds, or memory grew by more than 60 MB meanwhile,
or anybody got no message, or two different ones.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from portal import schema
from portal.db import db
from portal.flows.open_account import open_account
from portal.models import Delivery, Run
from tests import servers
from tests.bench.browser import HIDDEN, HIDDEN_BY_ID
from tests.bench.installation import SLUG
from tests.bench.portico import OWNER
from tests.bench.station import Station
from tests.faults.counting_sink import CountingSink
from tests.faults.memory import Memory
from tests.services import Run as Services

MOST_SECONDS, MOST_MEMORY = 20.0, 60.0
PAUSED_SECONDS = 5.0
RUNS, NEW = f"/admin/{SLUG}/runs/", f"/admin/{SLUG}/runs/new"
BOUNDARY = "a-file-and-what-is-typed-beside-it"
CHOSEN = re.compile(r'<select[^>]* name="([\w-]+)".*?value="([^"]*)" selected', re.DOTALL)


def main() -> int:
    chosen = arguments()
    faults: list[str] = []
    sink = CountingSink()
    with database(chosen.database) as (home, url, queue_url):
        portico = OneCommand("portal run", home, sink.port, url, queue_url)
        portico.prepare()
        portico.start()
        try:
            faults = list(Story(portico, sink, chosen.rows).told())
        finally:
            portico.stop()
            portico.close()
            sink.close()
    for fault in faults:
        print(f"MISSED: {fault}")
    return int(bool(faults))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.big_run", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    return parser.parse_args()


class OneCommand(Station):
    """`portal run` with two workers, on an account without anybody in it."""

    def prepare(self) -> None:
        with self._app.app_context():
            schema.move(db.engine)
            open_account("Acme", slug=SLUG, owner_email=OWNER, owner_name="Ada Byron")
            db.session.rollback()

    def commands(self) -> list[list[str]]:
        return [["-m", "portal", "run"]]

    def kill(self) -> None:
        """End all of its processes at once, as a power cut would."""
        processes = self.processes()
        os.killpg(self.started[-1].pid, signal.SIGKILL)
        self.started.pop().wait()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=5)

    def how_far(self, run_id: int) -> tuple[str, int]:
        """Return the status of the run and how many rows are done."""
        with self._app.app_context():
            run = Run.of_id(run_id)
            db.session.rollback()
            assert run
            return run.status, run.done

    def count_messages(self) -> int:
        with self._app.app_context():
            found = db.session.scalar(db.select(db.func.count()).select_from(Delivery))
            db.session.rollback()
            return found or 0


class Story:
    """One run, from its file to the last message, and what it took."""

    def __init__(self, portico: OneCommand, sink: CountingSink, rows: int) -> None:
        self.portico, self.sink, self.rows = portico, sink, rows
        self.browser = portico.sign_in()
        self.run = 0

    def told(self) -> Iterator[str]:
        """Yield what is not as it should be."""
        print(f"{self.rows:,} rows, load {psutil.getloadavg()[0]:.1f}")
        yield from self.preview()
        self.presses("begin")
        began = time.monotonic()
        self.until(lambda: self.sink.accepted >= self.rows // 3)
        self.tell_rate("first third", self.rows // 3, began)
        self.is_killed()
        began, before = time.monotonic(), self.sink.accepted
        self.until(lambda: self.sink.accepted > before, within=60)
        print(f"messages again after {time.monotonic() - began:.1f} s")
        self.until(lambda: self.sink.accepted >= 2 * self.rows // 3)
        self.tell_rate("second third", self.sink.accepted - before, began)
        yield from self.pause()
        began, before = time.monotonic(), self.sink.accepted
        self.until(lambda: self.status() == "done" and not self.owed())
        self.tell_rate("last third", self.sink.accepted - before, began)
        yield from self.ends()

    def preview(self) -> Iterator[str]:
        self.warms_up()
        memory = Memory(self.portico.processes)
        with memory.watched():
            began = time.monotonic()
            self.run = self.uploads(file_of(self.rows))
            uploaded = time.monotonic() - began
            self.presses("columns")
            self.until(lambda: self.status() != "reading", within=180)
            took = time.monotonic() - began
        assert self.status() == "previewed"
        print(f"preview {took:.1f} s, of it the upload {uploaded:.1f} s; {memory.words}")
        if took >= MOST_SECONDS:
            yield f"the preview took {took:.1f} s"
        if memory.growth > MOST_MEMORY:
            yield f"memory grew by {memory.growth:.0f} MB"

    def warms_up(self) -> None:
        """Let every process have done some work, as one that has run for a while: what a forked
        process first touches is its own from then on."""
        for _time in range(20):
            self.browser.reconnect()
            self.browser.opens(NEW)
        self.run = self.uploads(file_of(200))
        self.presses("columns")
        self.until(lambda: self.status() == "previewed")
        self.presses("cancel")

    def is_killed(self) -> None:
        self.portico.kill()
        print(f"killed after {self.sink.accepted:,} messages")
        self.portico.start()

    def pause(self) -> Iterator[str]:
        self.presses("pause")
        self.until(lambda: not self.owed())
        done, sent = self.done(), self.sink.accepted
        time.sleep(PAUSED_SECONDS)
        if (self.done(), self.sink.accepted) != (done, sent):
            yield "the run went on while it was paused"
        print(f"paused after {done:,} rows and {sent:,} messages")
        self.presses("resume")

    def ends(self) -> Iterator[str]:
        told = self.sink.told()
        repeats = sum(told.values()) - len(told)
        people = {to for to, _message_id in told}
        lost = self.rows - len(people)
        print(f"{len(people):,} people got a message, {lost} none; {repeats} the same once more")
        if lost:
            yield f"{lost} people got no message"
        if len(people) != len(told):
            yield f"{len(told) - len(people)} people got two different messages"
        if (owed := self.portico.count_messages()) != self.rows:
            yield f"{owed:,} messages were owed"

    def uploads(self, file: bytes) -> int:
        """Send the form of a new run as a browser does; return the run's number."""
        page = self.browser.opens(NEW).text
        typed = {**dict(HIDDEN.findall(page) + HIDDEN_BY_ID.findall(page)), "what": "invite"}
        parts = [_part(name, value.encode()) for name, value in typed.items()]
        body = b"".join(
            [*parts, _part("file", file, "clients.csv"), f"--{BOUNDARY}--\r\n".encode()]
        )
        answer = self.browser.sends(NEW, body, f"multipart/form-data; boundary={BOUNDARY}")
        return int(re.findall(r"\d+", answer.location)[-1])

    def presses(self, verb: str) -> None:
        """Press the button that sends to *verb*, with all that its page has chosen."""
        self.browser.reconnect()  # the server hangs up on one that says nothing for a while
        page = self.browser.opens(f"{RUNS}{self.run}").text
        fields = {**dict(HIDDEN.findall(page)), **dict(CHOSEN.findall(page)), "has_head": "1"}
        self.browser.posts(f"{RUNS}{self.run}/{verb}", fields)

    def until(self, is_so: Callable[[], bool], *, within: float = 600) -> None:
        deadline = time.monotonic() + within
        while not is_so():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.sink.accepted:,} messages, {self.status()}")
            time.sleep(0.1)

    def tell_rate(self, name: str, messages: int, since: float) -> None:
        took = time.monotonic() - since
        print(f"{name}: {messages:,} messages in {took:.0f} s, {messages / took:.0f} a second")

    def status(self) -> str:
        return self.portico.how_far(self.run)[0]

    def done(self) -> int:
        return self.portico.how_far(self.run)[1]

    def owed(self) -> int:
        return self.portico.pending()


def file_of(rows: int) -> bytes:
    file = io.StringIO()
    file.write("Name,E-mail,Phone,Reference\n")
    for n in range(rows):
        phone = f"+44 20 7{n % 1000000:06}" if n % 3 == 0 else ""
        # Half of them at a few providers, the others at many companies.
        domain = f"mail{n % 20}.example" if n % 2 else f"company{n * 7919 % 20011}.example"
        file.write(f"Person Number {n},person.{n}@{domain},{phone},R-{n}\n")
    return file.getvalue().encode()


def _part(name: str, value: bytes, file_name: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
    head += f'; filename="{file_name}"\r\nContent-Type: text/csv' if file_name else ""
    return f"{head}\r\n\r\n".encode() + value + b"\r\n"


@contextmanager
def database(kind: str) -> Iterator[tuple[Path, str, str]]:
    """Yield a home and the addresses of an empty database and of its queue."""
    services = Services.begin()
    try:
        with tempfile.TemporaryDirectory(prefix="portico-big-run-") as name:
            home = Path(name)
            if kind == "sqlite":
                yield home, f"sqlite:///{home}/portal.db", f"sqlite:///{home}/queue.db"
            else:
                url = servers.shared_postgres(services.shared).create("big_run")
                yield home, url, url
    finally:
        services.pytest_unconfigure()


if __name__ == "__main__":
    sys.exit(main())

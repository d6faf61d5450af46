"""The proof: processes are killed at random while messages go out, and each one is accounted for.

    python -m tests.faults.proof --messages 10000 --kills 200 --database postgresql --queue redis

Exits 1 when an acknowledged message is lost, when more came twice than processes were killed, when
a repeat is not the same message with the same link, or when it all took too long.
"""

from __future__ import annotations

import argparse
import fcntl
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from flask import Flask

from portal.app import create_app
from portal.db import db
from portal.flows.invite import invite
from portal.models.account import Account
from portal.models.delivery import PENDING, Delivery
from portal.models.staff import Staff
from tests.faults.ledger import Ledger
from tests.faults.poster import Poster
from tests.live import Portico
from tests.servers import Postgres, Redis, free_port

POSTED = 0.05
"""The part of the messages that is asked for in the browser; the rest waits from the beginning."""
PATIENCE = 300
MOST_BEYOND = 30.0
TARGETS = ["worker"] * 12 + ["sweep"] * 3 + ["web"] * 4 + ["parent"]
"""How often each is chosen. `parent` is the process above workers and sweep."""


@dataclass
class Outcome:
    """What became of one run."""

    messages: int
    ledger: Ledger
    acknowledged: set[str] = field(default_factory=set)
    killed: list[str] = field(default_factory=list)
    last_kill: float = 0
    seconds: float = 0
    pending: int = 0

    @property
    def lost(self) -> int:
        return len(self.acknowledged - self.ledger.addresses)

    def wrongs(self) -> list[str]:
        """Say what must not be, one line each."""
        found = []
        if self.lost or self.pending:
            found.append(f"{self.lost} messages were lost and {self.pending} are still owed")
        if self.ledger.duplicates > len(self.killed):
            found.append(f"{self.ledger.duplicates} came twice for {len(self.killed)} kills")
        if self.ledger.strangers:
            found.append(f"repeats with another Message-ID or link: {self.ledger.strangers[:5]}")
        return found


class Services:
    """Servers of this run's own, gone with it."""

    def __init__(self, shared: Path) -> None:
        shared.chmod(0o711)
        self._alive = (shared / "alive").open("wb")
        fcntl.lockf(self._alive, fcntl.LOCK_EX)
        self._shared = shared
        self._postgres: Postgres | None = None
        self._redis: Redis | None = None

    def url(self, kind: str, home: Path, name: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{home}/{name}.db"
        if kind == "redis":
            self._redis = self._redis or Redis.launch(self._shared, "redis")
            self._redis.flush()
            return self._redis.url
        self._postgres = self._postgres or Postgres.launch(self._shared, "postgres")
        return self._postgres.create(f"{name}_{free_port()}")

    def end(self) -> None:
        for server in (self._postgres, self._redis):
            if server is not None:
                server.end()
        self._alive.close()


def environment(services: Services, home: Path, database: str, queue: str) -> dict[str, str]:
    """Return the settings of an installation in *home* with new databases of its own."""
    home.mkdir()
    data = services.url(database, home, "portal")
    is_shared = database == queue == "postgresql"
    return {
        "PORTAL_DATABASE_URL": data,
        "PORTAL_QUEUE_URL": data if is_shared else services.url(queue, home, "queue"),
        "PORTAL_LIMITS": "off",
        "PORTAL_MAIL_FROM": "portal@acme.example",
    }


@contextmanager
def installation(home: Path, ledger: Ledger, given: dict[str, str]) -> Iterator[Portico]:
    """Run Portico in *home*, with its mail going to *ledger*."""
    running = Portico.start(home, **{**given, "PORTAL_SMTP_URL": ledger.url})
    try:
        yield running
    finally:
        running.stop(within=20)


def account(messages: int, kills: int, home: Path, given: dict[str, str], seed: int) -> Outcome:
    """Send *messages*, kill *kills* processes meanwhile, and return what became of them."""
    ledger = Ledger()
    with ExitStack() as stack:
        stack.callback(ledger.close)
        outcome = Outcome(messages, ledger)
        with installation(home, ledger, given) as first:  # makes tables, the account and its owner
            app = create_app(
                home=home,
                url=first.url,
                database_url=given["PORTAL_DATABASE_URL"],
                queue_url=given["PORTAL_QUEUE_URL"],
                smtp_url=ledger.url,
                undo_one=0,
                undo_bulk=0,
            )
        _write(app, outcome)
        began = time.monotonic()
        running = stack.enter_context(installation(home, ledger, given))
        browser = stack.enter_context(ThreadPoolExecutor(1))
        posting = browser.submit(_post, Poster(running, PATIENCE), outcome)
        _kill_on_the_way(running, outcome, kills, random.Random(seed))
        posting.result()
        _await(app, outcome)
        outcome.seconds = time.monotonic() - began
        outcome.last_kill = outcome.last_kill and outcome.last_kill - began
        with app.app_context():
            db.engine.dispose()
        app.extensions["portal_queue"].huey.storage.close()
    return outcome


def _write(app: Flask, outcome: Outcome) -> None:
    """Ask for most of the messages before anybody is there to send them."""
    with app.app_context():
        acme, ada = Account.by_slug("acme"), Staff.by_email("ada@acme.example")
        assert acme is not None
        assert ada is not None
        for number in range(int(outcome.messages * POSTED), outcome.messages):
            address = f"c{number}@carter.example"
            invite(acme, address, by=ada)
            outcome.acknowledged.add(address)


def _post(poster: Poster, outcome: Outcome) -> None:
    """Ask for the others in a browser, while the web's processes die as well."""
    posted = int(outcome.messages * POSTED)
    pause = outcome.messages / 200 / max(posted, 1)
    for number in range(posted):
        if address := poster.posts(f"c{number}@carter.example"):
            outcome.acknowledged.add(address)
        time.sleep(pause)


def _kill_on_the_way(running: Portico, outcome: Outcome, kills: int, dice: random.Random) -> None:
    """Kill a process whenever another part of the messages has come through."""
    step = outcome.messages / (kills + 1)
    deadline = time.monotonic() + PATIENCE * 2
    while len(outcome.killed) < kills and time.monotonic() < deadline:
        if outcome.ledger.accepted < step * (len(outcome.killed) + 1):
            time.sleep(0.002)
            continue
        target = dice.choice(TARGETS)
        victim = _victim(running, target, dice)
        if victim is None:
            time.sleep(0.02)
            continue
        try:
            victim.kill()
        except psutil.NoSuchProcess:  # it was ending by itself
            continue
        outcome.killed.append(target)
        outcome.last_kill = time.monotonic()


def _victim(running: Portico, target: str, dice: random.Random) -> psutil.Process | None:
    """Return a process of that kind, or None while there is none."""
    try:
        family = running.children("web" if target == "web" else "worker")
        if not family:
            return None
        if target == "parent":
            return family[0]
        if target == "web":
            return dice.choice(family)
        # The sweep is the first that the parent starts, and comes last when started anew.
        return dice.choice(family[1:]) if len(family) > 1 else None
    except psutil.NoSuchProcess:
        return None


def _await(app: Flask, outcome: Outcome) -> None:
    """Wait until nothing is owed any more."""
    deadline = time.monotonic() + PATIENCE
    with app.app_context():
        while time.monotonic() < deadline:
            outcome.pending = _owed()
            if not outcome.pending:
                return
            time.sleep(0.1)


def _owed() -> int:
    query = db.select(db.func.count()).select_from(Delivery).where(Delivery.status.in_(PENDING))
    try:
        return db.session.scalar(query) or 0
    finally:
        db.session.rollback()


def main() -> int:
    chosen = arguments()
    with tempfile.TemporaryDirectory(prefix="portico-proof-") as folder:
        shared = Path(folder)
        services = Services(shared)
        try:
            say(
                f"{chosen.messages} messages, {chosen.kills} kills, {chosen.database} data, "
                f"{chosen.queue} queue, seed {chosen.seed}"
            )
            usual = chosen.undisturbed or _undisturbed(services, shared / "calm", chosen)
            say(f"  undisturbed: {usual:.1f} s")
            given = environment(services, shared / "home", chosen.database, chosen.queue)
            found = account(chosen.messages, chosen.kills, shared / "home", given, chosen.seed)
        finally:
            services.end()
    return report(found, usual)


def _undisturbed(services: Services, home: Path, chosen: argparse.Namespace) -> float:
    """Return the seconds that the same takes when nobody is killed."""
    given = environment(services, home, chosen.database, chosen.queue)
    calm = account(chosen.messages, 0, home, given, chosen.seed)
    assert not calm.wrongs(), calm.wrongs()
    return calm.seconds


def report(found: Outcome, usual: float) -> int:
    """Print the figures; return 1 when a promise is broken."""
    after = found.seconds - max(found.last_kill, usual)
    kinds = ", ".join(f"{found.killed.count(kind)} {kind}" for kind in dict.fromkeys(TARGETS))
    say(f"  killed: {len(found.killed)} ({kinds})")
    say(f"  acknowledged: {len(found.acknowledged)} of {found.messages}")
    say(f"  lost: {found.lost}, still owed: {found.pending}")
    say(f"  sent twice: {found.ledger.duplicates}, at most {len(found.killed)}, one for each kill")
    say(f"  repeats with another Message-ID or link: {len(found.ledger.strangers)}")
    say(f"  finished after {found.seconds:.1f} s, the last kill after {found.last_kill:.1f} s")
    say(f"  beyond both it and the undisturbed time: {after:.1f} s, at most {MOST_BEYOND:.0f}")
    wrongs = found.wrongs()
    if after > MOST_BEYOND:
        wrongs.append(f"it took {after:.1f} s too long")
    for wrong in wrongs:
        say(f"  BROKEN: {wrong}")
    return 1 if wrongs else 0


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.proof", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--queue", choices=("sqlite", "postgresql", "redis"), default="sqlite")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument(
        "--undisturbed", type=float, default=0, help="seconds, when it was measured before"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

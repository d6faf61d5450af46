"""The real services of the tests as fixtures: servers, SpamAssassin, a browser, or a skip.

Servers are private to one test run and gone after it; see `tests.watcher` for how.
"""

import fcntl
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from tests import dovecot, kannel, servers, spamassassin

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytest_plugins = ["tests.skips"]

NewPage = Callable[..., "Page"]
RUN = pytest.StashKey["Run"]()
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Each page compiles its scripts anew, and is gone before optimised code pays.
    "--js-flags=--no-opt --no-maglev",
]


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> servers.Postgres:
    """The cluster all test processes share; tests that stop it take `own_postgres` instead."""
    need_postgres()
    return servers.shared_postgres(pytestconfig.stash[RUN].shared)


@pytest.fixture
def own_postgres(pytestconfig: pytest.Config) -> Iterator[servers.Postgres]:
    """A cluster of the test's own, to stop, kill and restart as it likes (about a second)."""
    need_postgres()
    run = pytestconfig.stash[RUN]
    server = servers.Postgres.launch(run.shared, f"postgres-{run.worker}-{servers.free_port()}")
    yield server
    server.end()


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config) -> Iterator[servers.Redis]:
    """A Redis or Valkey for this test process alone."""
    need_redis()
    run = pytestconfig.stash[RUN]
    server = servers.Redis.launch(run.shared, f"redis-{run.worker}")
    yield server
    server.end()


@pytest.fixture(scope="session")
def kannel_server(pytestconfig: pytest.Config) -> Iterator[kannel.Kannel]:
    """An SMS gateway with phones to write to, for this test process alone (a third of a second)."""
    need_kannel()
    run = pytestconfig.stash[RUN]
    server = kannel.Kannel.launch(run.shared, f"kannel-{run.worker}")
    yield server
    server.end()


@pytest.fixture(scope="session")
def dovecot_server(pytestconfig: pytest.Config) -> Iterator[dovecot.Dovecot]:
    """A Dovecot for this test process alone; each user name is a mailbox of its own."""
    need_dovecot()
    run = pytestconfig.stash[RUN]
    server = dovecot.Dovecot.launch(run.shared, f"dovecot-{run.worker}")
    yield server
    server.end()


@pytest.fixture
def judge(tmp_path: Path) -> Callable[[Sequence[bytes]], list[spamassassin.Verdict]]:
    """Asks SpamAssassin what it thinks of messages."""
    need_spamassassin()
    home = tmp_path / "spamassassin"
    home.mkdir()
    return lambda messages: spamassassin.judge(messages, home)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = servers.chromium_program()
    if path is None:
        skip_for_want_of("Chromium", "apt-get install -y chromium-headless-shell fonts-noto-core")
    return path


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> "Iterator[Browser]":
    """A headless Chromium, started by the first test that asks for it.

    From then on `asyncio.run` fails in this thread, where Playwright keeps its own loop.
    """
    from playwright.sync_api import sync_playwright  # not for the tests that never see a page

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser: "Browser") -> Iterator[NewPage]:
    """Opens a page in a browser context of its own; takes what `Browser.new_context` takes."""
    contexts: list[BrowserContext] = []

    def open_page(**context_settings: Any) -> "Page":
        contexts.append(browser.new_context(**context_settings))
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()


def skip_for_want_of(what: str, how: str) -> NoReturn:
    """Skip the test at hand: it needs *what*, and *how* tells what to type."""
    pytest.skip(f"needs {what}: {how}")


def need_postgres() -> None:
    if servers.postgres_program("initdb") is None:
        skip_for_want_of("PostgreSQL", "apt-get install -y postgresql")


def need_redis() -> None:
    if servers.redis_program() is None:
        skip_for_want_of("Redis or Valkey", "apt-get install -y redis-server")


def need_dovecot() -> None:
    program = dovecot.dovecot_program()
    if program is None or not dovecot.is_dovecot_known(program):
        skip_for_want_of("Dovecot 2.3", "apt-get install -y dovecot-imapd")


def need_spamassassin() -> None:
    if spamassassin.spamassassin_program() is None:
        skip_for_want_of("SpamAssassin", "apt-get install -y spamassassin")


def need_kannel() -> None:
    if not all(map(kannel.kannel_program, ("bearerbox", "smsbox", "fakesmsc"))):
        skip_for_want_of("Kannel", "apt-get install -y kannel kannel-extras")


class Run:
    """One test run: the folder its processes share, and the lock that says it lives."""

    def __init__(self, shared: Path, worker: str) -> None:
        self.shared = shared
        self.worker = worker

    @classmethod
    def begin(cls) -> "Run":
        shared = Path(tempfile.mkdtemp(prefix="portico-tests-"))
        shared.chmod(0o711)  # PostgreSQL, another user, passes through to its own folder
        return MainRun(shared, "main")

    @classmethod
    def join(cls, worker: dict[str, Any]) -> "Run":
        run = cls(Path(worker["shared"]), worker["workerid"])
        threading.Thread(target=run.die_with_main, daemon=True).start()
        return run

    def die_with_main(self) -> None:
        """End this worker when the main process is gone: xdist would let it finish its test."""
        with (self.shared / "alive").open("rb") as alive:
            fcntl.lockf(alive, fcntl.LOCK_SH)
            os._exit(1)


class MainRun(Run):
    """The run in the process that began it, which also listens to pytest for its end."""

    has_workers = False

    def __init__(self, shared: Path, worker: str) -> None:
        super().__init__(shared, worker)
        self.alive = (shared / "alive").open("wb")
        fcntl.lockf(self.alive, fcntl.LOCK_EX)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell an xdist worker where the run's folder is."""
        self.has_workers = True
        node.workerinput["shared"] = str(self.shared)

    def pytest_keyboard_interrupt(self) -> None:
        """Let go of busy workers at once; without any, the fixtures are torn down first."""
        if self.has_workers:
            self.alive.close()

    def pytest_unconfigure(self) -> None:
        servers.end_all(self.shared)
        self.alive.close()
        shutil.rmtree(self.shared, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    worker = getattr(config, "workerinput", None)
    run = Run.begin() if worker is None else Run.join(worker)
    config.stash[RUN] = run
    config.pluginmanager.register(run)
    if worker is None and threading.current_thread() is threading.main_thread():
        interrupt_on_sigterm(config)


def interrupt_on_sigterm(config: pytest.Config) -> None:
    """Make SIGTERM end the run as Ctrl-C does, with its fixtures torn down."""
    owner = os.getpid()

    def interrupt(signum: int, _frame: FrameType | None) -> None:
        if os.getpid() == owner:
            raise KeyboardInterrupt
        signal.signal(signum, signal.SIG_DFL)  # a fork of ours dies as it would have
        os.kill(os.getpid(), signum)

    before = signal.signal(signal.SIGTERM, interrupt)

    def restore() -> None:
        signal.signal(signal.SIGTERM, before)

    config.add_cleanup(restore)

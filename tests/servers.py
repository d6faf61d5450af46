"""Private database and queue servers for the tests, never the machine's own."""

import contextlib
import fcntl
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql

WATCHER = Path(__file__).with_name("watcher.py")
LOCALE = "C.UTF-8" if sys.platform == "linux" else "C"
INITDB_OPTIONS = ["-E", "UTF8", f"--locale={LOCALE}", "--no-sync", "--no-instructions"]
POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
}


class Server:
    """A server under a watcher, known to every process of the test run by its folder's name."""

    def __init__(self, shared: Path, name: str, port: int) -> None:
        self.shared = shared
        self.name = name
        self.port = port
        self.home = shared / name

    def start(self) -> None:
        """Start it, or do nothing where it runs, and wait until it answers."""
        self._tell("start")
        self._wait()

    def stop(self) -> None:
        """Shut it down in order, connections and all; `start` brings it back on the same port."""
        self._tell("stop")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._tell("kill")

    def restart(self) -> None:
        self.stop()
        self.start()

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """Stopped for the length of a `with` block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def end(self) -> None:
        """Stop it for good and remove its files."""
        self._tell("end")

    def _launch(
        self, command: list[str], identity: dict[str, Any], stop_signal: signal.Signals
    ) -> None:
        order = {
            "command": command,
            "identity": identity,
            "stop_signal": stop_signal,
            "home": str(self.home),
            "control": str(control_path(self.shared, self.name)),
            "alive": str(self.shared / "alive"),
        }
        subprocess.run([sys.executable, "-I", str(WATCHER), json.dumps(order)], check=True)
        self._wait()

    def _tell(self, word: str) -> None:
        tell(control_path(self.shared, self.name), word)

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while not self._answers():
            if time.monotonic() > deadline:
                log = (self.home / "log").read_text(errors="replace")
                raise RuntimeError(f"{self.name} did not start:\n{log[-2000:]}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        raise NotImplementedError


class Postgres(Server):
    """A PostgreSQL cluster that trusts everyone on this machine and keeps nothing."""

    @classmethod
    def launch(cls, shared: Path, name: str) -> "Postgres":
        initdb = postgres_program("initdb")
        if initdb is None:
            raise LookupError("PostgreSQL is not installed")
        server = cls(shared, name, free_port())
        identity = unprivileged()
        server.home.mkdir(mode=0o700)
        if identity:
            shutil.chown(server.home, identity["user"], identity["group"])
        cluster = str(server.home / "cluster")
        subprocess.run(
            [initdb, "-D", cluster, "-U", "portico", "-A", "trust", *INITDB_OPTIONS],
            cwd=server.home,
            check=True,
            capture_output=True,
            **identity,
        )
        settings = POSTGRES_SETTINGS | {"port": str(server.port)}
        command = [str(Path(initdb).with_name("postgres")), "-D", cluster]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        server._launch(command, identity, signal.SIGINT)
        return server

    def url(self, dbname: str) -> str:
        return f"postgresql://portico@127.0.0.1:{self.port}/{dbname}"

    def create(self, dbname: str, template: str | None = None) -> str:
        """Create *dbname*, a copy of *template* if given (no one may be connected to that one)."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._admin(
            statement.format(sql.Identifier(dbname), sql.Identifier(template or "template1"))
        )
        return self.url(dbname)

    def drop(self, dbname: str) -> None:
        """Drop *dbname* if it is there, whoever is connected."""
        self._admin(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(dbname))
        )

    def template(self, dbname: str, build: Callable[[str], None]) -> str:
        """Have *build* fill *dbname*, given its URL, once for all test processes; gives the name.

        *build* must leave no connection open. A build that raises leaves no database.
        """
        marker = self.home.with_name(f"{self.name}-{dbname}.built")
        with held(marker.with_suffix(".lock")):
            if not marker.exists():
                self.drop(dbname)
                build(self.create(dbname))
                marker.touch()
        return dbname

    def _admin(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


class Redis(Server):
    """A Redis or Valkey server without persistence: a restart empties it."""

    @classmethod
    def launch(cls, shared: Path, name: str) -> "Redis":
        program = redis_program()
        if program is None:
            raise LookupError("neither Redis nor Valkey is installed")
        server = cls(shared, name, free_port())
        server.home.mkdir(mode=0o700)
        command = [program, "--bind", "127.0.0.1", "--port", str(server.port)]
        command += ["--save", "", "--appendonly", "no", "--dir", str(server.home)]
        server._launch(command, {}, signal.SIGTERM)
        return server

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def flush(self) -> None:
        """Forget every key of every database."""
        with self._client() as client:
            client.flushall()

    def _client(self) -> redis.Redis:
        return redis.Redis(host="127.0.0.1", port=self.port, socket_timeout=5)

    def _answers(self) -> bool:
        try:
            with self._client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


def shared_postgres(shared: Path) -> Postgres:
    """The one cluster of this test run: whoever comes first starts it."""
    note = shared / "postgres.port"
    with held(shared / "postgres.lock"):
        if note.exists():
            return Postgres(shared, "postgres", int(note.read_text()))
        server = Postgres.launch(shared, "postgres")
        note.write_text(str(server.port))
        return server


def end_all(shared: Path) -> None:
    """End every server of a test run that is over."""
    for control in shared.glob("*.control"):
        with contextlib.suppress(OSError):
            tell(control, "end")


def postgres_program(name: str) -> str | None:
    """Where *name* is: Debian's newest version, which is in no PATH, else the PATH."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(versions, key=lambda path: float(path.parts[4]), default=None)
    return str(newest) if newest else shutil.which(name)


def redis_program() -> str | None:
    return shutil.which("redis-server") or shutil.which("valkey-server")


def chromium_program() -> str | None:
    """Return the engine without the window around it if it is there: that costs twice as much."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = (shutil.which(name) for name in (os.environ.get("PORTICO_CHROMIUM", ""), *names))
    return next(filter(None, found), None)


def unprivileged() -> dict[str, Any]:
    """What to tell `subprocess` so that PostgreSQL, which refuses root, does not run as root."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in known else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def free_port() -> int:
    """Return a port below those that a system gives out by itself: before it is listened to,
    another test's socket could be given it."""
    while True:
        port = random.SystemRandom().randrange(12_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def control_path(shared: Path, name: str) -> Path:
    return shared / f"{name}.control"


def tell(control: Path, word: str) -> None:
    """Say *word* to a watcher and wait until it has done so."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(30)
        line.connect(str(control))
        line.sendall(word.encode())
        line.recv(16)


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the file lock *path*: one process of the test run at a time."""
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

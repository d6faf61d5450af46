"""The stations of one run: each database with each of its queues, and their servers."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import servers
from tests.bench.own_sink import OwnSink
from tests.bench.station import Station
from tests.services import Run

MILLION = 1_000_000
SQLITE, POSTGRES, REDIS = "SQLite", "PostgreSQL", "PostgreSQL, Redis"


@contextmanager
def stations(folder: Path, sink: OwnSink, *, million: bool, only: str) -> Iterator[list[Station]]:
    """Start every station that this machine can have; *million* adds the same with that many
    deliveries that have ended. What cannot be had is said."""
    run = Run.begin()
    built: list[Station] = []
    try:
        built = list(_build(folder, sink, Templates(run.shared, folder, sink.port), million, only))
        for station in built:
            station.start()
        yield built
    finally:
        for station in built:
            station.stop()
            station.close()
        run.pytest_unconfigure()


class Templates:
    """Each database filled once, and copied for every station that begins with it."""

    def __init__(self, shared: Path, folder: Path, smtp_port: int) -> None:
        self._shared, self._folder, self._smtp_port = shared, folder, smtp_port
        self._made: dict[str, str] = {}
        self._redis: servers.Redis | None = None

    def sqlite(self, name: str, finished: int) -> str:
        template = self._folder / f"template{finished}.db"
        if not template.exists():
            self._fill(f"sqlite:///{template}", finished)
        copy = self._folder / f"{name}.db"
        shutil.copy(template, copy)
        return f"sqlite:///{copy}"

    def postgres(self, name: str, finished: int) -> str:
        server = servers.shared_postgres(self._shared)
        template = server.template(f"filled_{finished}", lambda url: self._fill(url, finished))
        return server.create(name, template)

    def redis(self, number: int) -> str:
        self._redis = self._redis or servers.Redis.launch(self._shared, "redis-bench")
        return self._redis.url.removesuffix("/0") + f"/{number}"

    def _fill(self, url: str, finished: int) -> None:
        home = self._folder / "template"
        station = Station("template", home, self._smtp_port, url, f"sqlite:///{home}/queue.db")
        station.prepare()
        if finished:
            station.finish_many(finished)
        station.close()


def _build(
    folder: Path, sink: OwnSink, templates: Templates, million: bool, only: str
) -> Iterator[Station]:
    for kind in filter(_can_be_had, (SQLITE, POSTGRES, REDIS)):
        for finished in (0, MILLION) if million else (0,):
            if only not in kind:
                continue
            word = f"{kind.lower().replace(', ', '_')}_{finished}"
            home = folder / word
            if kind == SQLITE:
                database_url = templates.sqlite(word, finished)
                queue_url = f"sqlite:///{folder}/{word}-queue.db"
            else:
                database_url = templates.postgres(word, finished)
                queue_url = templates.redis(int(finished > 0)) if kind == REDIS else database_url
            station = Station(kind, home, sink.port, database_url, queue_url)
            station.name = f"{kind}, 1,000,000 ended" if finished else kind
            yield station


def _can_be_had(kind: str) -> bool:
    if kind != SQLITE and servers.postgres_program("initdb") is None:
        return _say(kind, "PostgreSQL is not installed: apt-get install -y postgresql")
    if kind == REDIS and servers.redis_program() is None:
        return _say(kind, "Redis is not installed: apt-get install -y redis-server")
    return True


def _say(kind: str, why: str) -> bool:
    print(f"{kind}: not measured. {why}", file=sys.stderr)
    return False

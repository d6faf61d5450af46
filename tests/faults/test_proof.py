"""The proof in small, with a dozen kills; `python -m tests.faults.proof` is the whole of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import look_for_few
from tests.faults.proof import Services, account, environment
from tests.services import need_postgres, need_redis

MESSAGES, KILLS = 400, 12


@pytest.fixture
def services() -> Iterator[Services]:
    """Servers of the test's own, in a folder that PostgreSQL, another user, can pass through."""
    with tempfile.TemporaryDirectory(prefix="portico-proof-") as folder:
        found = Services(Path(folder))
        yield found
        found.end()


@pytest.mark.parametrize(("data", "queue"), [("sqlite", "sqlite"), ("postgresql", "redis")])
def test_kills_lose_nothing_and_repeat_little(
    services: Services, tmp_path: Path, data: str, queue: str
) -> None:
    if data == "postgresql":
        need_postgres()
        need_redis()
    home = tmp_path / "home"
    found = account(MESSAGES, KILLS, home, environment(services, home, data, queue), seed=7)
    assert found.wrongs() == []
    assert len(found.killed) == KILLS
    assert len(found.acknowledged) > MESSAGES * 0.95
    look_for_few(20)

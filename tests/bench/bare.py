"""The floor as an installation: its own processes, as many as Portico's."""

from __future__ import annotations

import os

from tests.bench.installation import CLIENTS, Installation


class Bare(Installation):
    name = "floor"

    def commands(self) -> list[list[str]]:
        return [["-m", "tests.bench.floor", verb] for verb in ("web", "worker")]

    def environment(self) -> dict[str, str]:
        return {
            "FLOOR_HOME": str(self.home),
            "FLOOR_PORT": str(self.port),
            "FLOOR_SMTP_PORT": str(self.smtp_port),
        }

    def prepare(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        os.environ.update(self.environment())
        from tests.bench.floor import seed  # reads the environment when it is imported

        seed.prepare(CLIENTS)

    def issue_links(self, count: int) -> list[str]:
        from tests.bench.floor import seed

        return seed.issue_links(count)

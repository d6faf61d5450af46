"""What an installation costs while nobody comes: seconds to be ready, and memory."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.bench.installation import clean_environment, pss
from tests.servers import free_port

SETTLED_SECONDS = 3.0
STOP_WITHIN = 8


class Standing(NamedTuple):
    """Seconds from the command to "Portico is ready.", and megabytes of PSS when it has settled."""

    first: float
    again: float
    memory: float


def standing(home: Path) -> Standing:
    """Start on an empty home and once more; every process is counted, the mailbox too."""
    first, _memory = _once(home)
    again, memory = _once(home)
    return Standing(first, again, memory)


def _once(home: Path) -> tuple[float, float]:
    environment = {**clean_environment(), "PORTAL_HOME": str(home), "PORT": str(free_port())}
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "portal", "run"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        next(line for line in process.stdout if line.startswith("Portico is ready."))
        ready = time.monotonic() - started
        time.sleep(SETTLED_SECONDS)
        root = psutil.Process(process.pid)
        memory = sum(pss(one.pid) for one in (root, *root.children(recursive=True)))
        return ready, memory / 1024**2
    finally:
        process.terminate()
        process.communicate(timeout=STOP_WITHIN)

"""What the processes of an installation share: how they log, stop, and end with their parent."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""prctl(2), Linux only."""


def die_with_parent() -> None:
    """Get SIGTERM when the parent is gone, however it ended, so that nothing runs on unseen."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == 1:
            os.kill(os.getpid(), signal.SIGTERM)


def log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(levelname)s %(message)s"
    )
    for name in ("huey", "huey.consumer", "alembic", "_granian", "granian"):
        logging.getLogger(name).setLevel(logging.WARNING)

"""Does something in a child process, as the portal's workers are children of one process."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable


def in_child(act: Callable[[], object], seconds: float) -> None:
    """Call *act* in a child. Raises AssertionError when it fails or takes longer than *seconds*."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads: the scripted server's own
        child = os.fork()
    if child == 0:
        _be(act)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            if code != 0:
                raise AssertionError(
                    "sending fails in a child process after a message in its parent"
                )
            return
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError("sending hangs in a child process after a message in its parent")


def _be(act: Callable[[], object]) -> None:
    status = 1
    try:
        act()
        status = 0
    finally:
        os._exit(status)

"""Waiting for something real to happen, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


def wait_for(found: Callable[[], R], *, within: float = 15, what: str = "") -> R:
    """Ask *found* until it answers with something true; fail after *within* seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = found()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {within:g} s: {what or found}"
        time.sleep(0.02)

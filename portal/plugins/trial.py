"""Loads plugins in a child process first: one that ends, crashes or hangs takes nobody along."""

from __future__ import annotations

import os
import select
import signal
import warnings
from collections.abc import Callable, Sequence

from portal.processes import die_with_parent

SECONDS = 15.0
"""How long one plugin may take to load."""
_DONE = 255


def first_to_fail(names: Sequence[str], load: Callable[[int], None]) -> tuple[int, str] | None:
    """Call *load* with each index of *names*, in a child process.

    Returns the index of the plugin that ended it and a sentence about how, or None when the child
    came through. What *load* raises is no matter here: it will do so again where it is heard.
    """
    reader, writer = os.pipe()
    parent = os.getpid()
    with warnings.catch_warnings():
        # Python 3.12 warns of threads that hold a lock: the child that waits for one is killed.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _try(parent, writer, len(names), load)
    os.close(writer)
    try:
        last, is_slow = _watch(reader)
    finally:
        os.close(reader)
    if last != _DONE:
        os.kill(child, signal.SIGKILL) if is_slow else None
    status = os.waitpid(child, 0)[1]
    if last in (_DONE, -1):
        return None
    return last, _how(is_slow=is_slow, code=os.waitstatus_to_exitcode(status))


def _try(parent: int, writer: int, count: int, load: Callable[[int], None]) -> None:
    """Be the child: say which plugin is next, load it, and never return."""
    try:
        die_with_parent(parent)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):  # it is all said again when they are loaded in earnest
            os.dup2(nowhere, stream)
        for index in range(count):
            os.write(writer, bytes([index]))
            load(index)
        os.write(writer, bytes([_DONE]))
    finally:
        os._exit(0)


def _watch(reader: int) -> tuple[int, bool]:
    """Return the last byte the child wrote (-1 for none), and whether it has got stuck."""
    last = -1
    while select.select([reader], [], [], SECONDS)[0]:
        said = os.read(reader, 256)
        last = said[-1] if said else last
        if not said or last == _DONE:
            return last, False
    return last, True


def _how(*, is_slow: bool, code: int) -> str:
    if is_slow:
        return f"It did not load within {SECONDS:g} seconds."
    if code < 0:
        return f"It ended the process while it was loaded: {signal.Signals(-code).name}."
    return f"It ended the process while it was loaded, with status {code}."

"""What fails again and again is written whole once: a database that is away for a night is asked
several times a second, and each time would fill a page of the log."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass

SECONDS = 60
"""So often one line says how many times more it has failed."""
FORGOTTEN_SECONDS = 600
"""What has not failed for so long is written whole again."""
MOST = 500
"""Kinds of failures that are told apart at a time."""
_NUMBERS = re.compile(r"[0-9a-f-]*\d[0-9a-f-]*")
"""Ids of rows and of tasks."""


def say_repeats_seldom() -> None:
    """Have all that this process and its children log go through `Repeats`."""
    repeats = Repeats()
    for handler in logging.getLogger().handlers:
        handler.addFilter(repeats)


@dataclass
class _Failure:
    said_at: float
    seen_at: float
    unsaid: int = 0


class Repeats(logging.Filter):
    """Lets a failure through with its traceback the first time, and then a line a minute. Two are
    the same whose sentence, but for numbers in it, and whose kind of exception are the same."""

    def __init__(self) -> None:
        super().__init__()
        self._failures: dict[tuple[str, str, type[BaseException]], _Failure] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.exc_info or record.exc_info[0] is None:
            return True
        sentence = _NUMBERS.sub("#", record.getMessage())
        key, at = (record.name, sentence, record.exc_info[0]), time.monotonic()
        before = self._failures.get(key)
        if before is None or at - before.seen_at > FORGOTTEN_SECONDS:
            if len(self._failures) >= MOST:
                self._failures.clear()
            self._failures[key] = _Failure(at, at)
            return True
        before.seen_at = at
        if at - before.said_at < SECONDS:
            before.unsaid += 1
            return False
        first_line, *_ = str(record.exc_info[1]).splitlines() or [""]
        record.msg = f"{record.getMessage()} ({record.exc_info[0].__name__}: {first_line}"
        if before.unsaid:
            record.msg += f"; {before.unsaid} times more since it was last said"
        record.msg, record.args, record.exc_info = f"{record.msg})", None, None
        before.said_at, before.unsaid = at, 0
        return True

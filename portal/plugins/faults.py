"""What is told of a plugin's failure: enough to mend it, and no link and no secret."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_WORDS, LONGEST_TRACEBACK = 500, 8000
_LINK = re.compile(r"https?://[^\s\"'<>]*/l/[A-Za-z0-9_-]{22,24}")
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_-])(?=[a-z_]*[A-Z0-9-])[A-Za-z0-9_-]{22}[A-Za-z0-9]{2}(?![\w-])"
)
_SHORTEST_SECRET = 4


@dataclass(frozen=True)
class Fault:
    """A plugin's failure, without links or secrets. *account_id* is whose work it was, if known."""

    plugin: str
    hook: str
    words: str
    traceback: str
    account_id: int | None = None


@dataclass(frozen=True)
class About:
    """For whom a hook is called, and what must not stand in the report when it fails."""

    account_id: int | None = None
    secrets: tuple[str, ...] = ()


NOBODY = About()


class TooSlowError(Exception):
    """A hook took longer than it may. *stack* is where it was, when it still runs."""

    def __init__(self, seconds: float, stack: str = "") -> None:
        super().__init__(f"It did not answer within {seconds:g} seconds.")
        self.stack = stack


def fault_of(plugin: str, hook: str, error: BaseException, about: About) -> Fault:
    """Describe *error* without the links, tokens and secrets that its words may hold."""
    # Neither str() nor repr() of a stranger's exception is sure to work; these are.
    words = traceback.format_exception_only(error)[-1].strip()
    told = "".join(traceback.format_exception(error, limit=-20))
    if isinstance(error, TooSlowError):
        words, told = str(error), error.stack or told
    return Fault(
        plugin,
        hook,
        without_secrets(words, about.secrets)[:LONGEST_WORDS],
        without_secrets(told, about.secrets)[-LONGEST_TRACEBACK:],
        about.account_id,
    )


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """Return *text* with every link, every token and each of *secrets* replaced by `…`."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "…")
    return _TOKEN.sub("…", _LINK.sub("…", text))

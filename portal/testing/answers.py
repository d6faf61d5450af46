"""What a scripted server can do with a call: answer, hang, hang up, talk nonsense."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. *body* that is no text is sent as JSON. With *echo* the body also repeats
    what was sent, as careless providers do in their errors."""

    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    echo: bool = False

    def encoded(self) -> bytes:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode()


@dataclass(frozen=True)
class Hang:
    """Take the call and never say a word."""


@dataclass(frozen=True)
class Reset:
    """Take the call and drop the line (a TCP reset)."""


@dataclass(frozen=True)
class Garbage:
    """Answer with bytes that are no HTTP."""

    bytes_: bytes = b"\x00\xff\xfe not what you asked for\r\n\r\n"


@dataclass(frozen=True)
class Moved:
    """Answer 302 and point to the path *to* on the same server, which accepts everything."""

    to: str = "/elsewhere"


Scripted = Answer | Hang | Reset | Garbage | Moved

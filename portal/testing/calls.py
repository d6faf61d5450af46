"""What was sent to a scripted server, and every text in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Call:
    """One request as it came. *line* tells connections apart. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    line: tuple[str, int]

    def texts(self) -> list[str]:
        """Return every text that was sent: headers, the query, and the body's own parts."""
        query = self.path.partition("?")[2]
        body = self.body.decode("utf-8", "replace")
        parts = [value for _name, value in parse_qsl(query) + parse_qsl(body)]
        return [self.path, *self.headers.values(), body, *parts, *_leaves(_as_json(body))]


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _leaves(found: Any) -> list[str]:
    if isinstance(found, dict):
        return [leaf for value in found.values() for leaf in _leaves(value)]
    if isinstance(found, list):
        return [leaf for value in found for leaf in _leaves(value)]
    return [found] if isinstance(found, str) else []

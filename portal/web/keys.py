"""Keys of pages: where a list goes on, as it stands in an address."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from portal.web.row_ids import LARGEST


def write(*parts: object) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def read(text: str, *kinds: Callable[[Any], Any]) -> Any:
    """Return the key that a page's address holds, or None for anything that is not one."""
    try:
        parts = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return tuple(kind(part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def words(part: Any) -> str:
    """Raises ValueError for what is no text, or none that a database stores."""
    if "\0" in part:
        raise ValueError("NUL")
    part.encode()
    return str(part)


def row_id(part: Any) -> int:
    if type(part) is not int or not 0 <= part <= LARGEST:
        raise ValueError("no row's id")
    return part


def moment(part: Any) -> datetime:
    return datetime.fromisoformat(part).astimezone(UTC)

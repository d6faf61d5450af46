"""The way back: what has just been queued can be taken back, or sent at once, for a few seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from flask import flash, g

from portal.db import now
from portal.models.delivery_list import sent_by_request
from portal.web.admin.delivery_words import SOON
from portal.web.row_ids import LARGEST
from portal.web.templating import when_zone

MOST = 500


def tell(words: str, contact_ids: Sequence[int]) -> None:
    """Say that something is on its way, and offer to take it back while it still waits."""
    queued = [
        (delivery_id, due_at)
        for delivery_id, due_at in sent_by_request(list(contact_ids), g.request_id)
        if due_at > now()
    ]
    if not queued:
        flash(words, "good")
        return
    due_at = min(due_at for _id, due_at in queued)
    seconds = max(1, round((due_at - now()).total_seconds()))
    is_later = due_at > now() + SOON
    told = {
        "words": words,
        "ids": ranges(delivery_id for delivery_id, _due in queued),
        "due": due_at.isoformat(),
        "seconds": 0 if is_later else seconds,
        "later": when_zone(due_at) if is_later else "",
    }
    flash(told, "undo")  # type: ignore[arg-type]  # a flash may be anything that JSON can hold


def ranges(ids: Iterable[int]) -> str:
    """Return *ids* in few letters, such as `7-9,12`: they travel in a cookie."""
    parts: list[list[int]] = []
    for number in sorted(ids):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in parts)


def ids_in(text: str) -> list[int]:
    """Return the ids that *text* names, at most 500; nothing for what makes no sense."""
    found: list[int] = []
    for part in text.split(",")[:MOST]:
        first, _, last = part.partition("-")
        if not (_is_id(first) and _is_id(last or first)):
            return []
        found += islice(range(int(first), int(last or first) + 1), MOST)
    return found[:MOST]


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19 and int(text) <= LARGEST

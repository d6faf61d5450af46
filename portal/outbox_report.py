"""How the outbox is doing, in lines for people and as JSON for programs: `portal outbox`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from portal.db import now
from portal.models.outbox_figures import MOST, MOST_SENT, Figures, figures, sent
from portal.models.worker_sign import Seen, WorkerSign

WIDTH = 14
UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def report(account_id: int | None = None) -> dict[str, Any]:
    """Return everything as plain values. Raises DatabaseAway."""
    found, whole = figures(account_id), figures()
    taken = sent(account_id)
    return {
        "depth": {str(status): count for status, count in found.depth.items()},
        "is_at_least": MOST in whole.depth.values() or sum(whole.failures.values()) >= MOST,
        "oldest_due_at": _iso(found.oldest_due_at),
        "oldest_due_seconds": round(found.oldest_age.total_seconds(), 1),
        "sent_in_minutes": {str(minutes): count for minutes, count in taken.items()},
        "failures_of_24_hours": [
            {"status": status, "cause": cause, "count": count}
            for (status, cause), count in _most_first(found)
        ],
        "paused": [
            {"channel": channel, "why": why, "accounts": count}
            for (channel, why), count in sorted(found.paused.items())
        ],
        "workers": [_worker(seen) for seen in WorkerSign.alive()],
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what `report` found as a short table."""
    depth = ", ".join(f"{_count(count, MOST)} {status}" for status, count in found["depth"].items())
    yield f"{'Owed':{WIDTH}}{depth}"
    late = found["oldest_due_seconds"]
    yield f"{'Oldest due':{WIDTH}}{f'{spell(late)} ago' if late else 'nothing is due'}"
    taken = (f"{_count(n, MOST_SENT)} in {m} min" for m, n in found["sent_in_minutes"].items())
    yield f"{'Sent':{WIDTH}}{', '.join(taken)}"
    failures = (
        f"{_count(one['count'], MOST)} {' '.join(filter(None, (one['status'], one['cause'])))}"
        for one in found["failures_of_24_hours"]
    )
    yield from _listed("Failed, 24 h", failures)
    pauses = (
        f"{one['channel']} for {many(one['accounts'], 'account')} ({one['why']})"
        for one in found["paused"]
    )
    yield from _listed("Paused", pauses)
    workers = (
        f"{one['id'][:8]}  seen {spell(one['seconds_ago'])} ago, "
        f"{many(one['processes'], 'process')}, "
        f"version {one['version']}"
        for one in found["workers"]
    )
    yield from _listed("Workers", workers)
    if found["is_at_least"]:
        yield f"There is more than was counted: each count stops at {MOST:,} rows."


def spell(seconds: float) -> str:
    """Return a length of time in its largest unit, such as `3 min`."""
    for length, unit in UNITS:
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} s"


def many(count: int, noun: str) -> str:
    ending = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}{ending}"


def _listed(title: str, items: Iterator[str]) -> Iterator[str]:
    first, *others = [*items] or ["none"]
    yield f"{title:{WIDTH}}{first}"
    yield from (f"{'':{WIDTH}}{one}" for one in others)


def _most_first(found: Figures) -> list[tuple[tuple[str, str], int]]:
    return sorted(found.failures.items(), key=lambda one: (-one[1], one[0]))


def _count(count: int, most: int) -> str:
    return f"{count:,}+" if count >= most else f"{count:,}"


def _worker(seen: Seen) -> dict[str, Any]:
    return {
        "id": str(seen.id),
        "seconds_ago": max(round((now() - seen.seen_at) / timedelta(seconds=1), 1), 0.0),
        "started_at": _iso(seen.started_at),
        "version": seen.version,
        "processes": seen.processes,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None

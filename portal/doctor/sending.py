"""Whether messages go out: the workers, and what waits or has failed in the outbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from portal.channel import Finding
from portal.models.outbox_figures import Figures, figures
from portal.models.worker_sign import WorkerSign, silence
from portal.outbox_report import many, spell

STUCK_SECONDS = 120


def workers() -> Iterator[Finding]:
    """Look who has given a sign of life lately."""
    found = WorkerSign.alive()
    if not found:
        words = f"None has been seen for {spell(silence().total_seconds())}, so nothing is sent."
        yield Finding("bad", "Workers", f"{words} Start one:", record="portal worker")
        return
    processes = sum(seen.processes for seen in found)
    words = f"{many(len(found), 'worker')} with {many(processes, 'process')} in all."
    yield Finding("good", "Workers", words)
    versions = sorted({seen.version for seen in found})
    if len(versions) > 1:
        yield Finding(
            "note", "Versions", f"They are of versions {', '.join(versions)}. Upgrade all."
        )


def outbox() -> Iterator[Finding]:
    """Look whether messages go out."""
    found = figures()
    seconds = found.oldest_age.total_seconds()
    if seconds > STUCK_SECONDS:
        words = f"A message has been due for {spell(seconds)}. See the workers and their logs."
        yield Finding("bad", "Due messages", words)
    else:
        yield Finding("good", "Due messages", "None waits for longer than it should.")
    if found.failures:
        yield Finding("note", "Undelivered", _undelivered(found))
    for (channel, why), count in sorted(found.paused.items()):
        reason = "the provider does not accept us" if why == "sign_in" else "it kept failing"
        words = f"{channel} is paused for {many(count, 'account')}, because {reason}."
        yield Finding("note", "Paused channel", words)


def _undelivered(found: Figures) -> str:
    causes: Counter[str] = Counter()
    for (status, cause), count in found.failures.items():
        causes[cause or status] += count
    listed = ", ".join(f"{cause} {count:,}" for cause, count in causes.most_common(5))
    return f"In the last 24 hours: {listed}."

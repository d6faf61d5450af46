"""Settings, PORTAL_HOME, and who may read what lies there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from portal.channel import Finding
from portal.config import Settings, variable

BAD_SPACE, LITTLE_SPACE = 100 * 1024**2, 1024**3
_NOT_FOR_PEOPLE = {"PORTAL_MAILBOX_SMTP"}


def settings(found: Settings) -> Iterator[Finding]:
    """Look for what is accepted and still a mistake."""
    known = {variable(name) for name in Settings.model_fields} | _NOT_FOR_PEOPLE
    strange = sorted(
        name for name in os.environ if name.startswith("PORTAL_") and name not in known
    )
    for name in strange:
        yield Finding("bad", name, "There is no such setting. `portal settings` lists them.")
    if not found.smtp_url and not found.is_loopback:
        yield Finding(
            "bad", "PORTAL_SMTP_URL", "It is not set, so the operator's e-mail goes nowhere."
        )
    if found.limits == "off":
        yield Finding("note", "PORTAL_LIMITS", "Limits are off: set it to on, except for tests.")
    if found.is_loopback:
        yield Finding("note", "PORTAL_URL", f"{found.url} can be reached from this machine alone.")
    if not strange:
        yield Finding("good", "Settings", "Each one that is set is known and can be used.")


def home(found: Settings) -> Iterator[Finding]:
    """Look at the folder, at the files that must stay private, and at the room on its disk."""
    yield _private(found.home, 0o700)
    keys = found.home / "secret_keys"
    if keys.exists():
        yield _private(keys, 0o600)
    if found.dkim_key is not None and found.dkim_key.exists():
        yield _private(found.dkim_key, 0o600)
    yield space(found.home)


def space(folder: Path) -> Finding:
    """Say how much room is left where *folder* is."""
    free = shutil.disk_usage(folder).free
    words = f"{free / 1024**3:.1f} GB are free at {folder}."
    if free < BAD_SPACE:
        return Finding("bad", "Disk space", f"{words} Make room, or messages cannot be written.")
    if free < LITTLE_SPACE:
        return Finding("note", "Disk space", f"{words} Make room soon.")
    return Finding("good", "Disk space", words)


def _private(path: Path, mode: int) -> Finding:
    status = path.stat()
    if status.st_mode & 0o077:
        words = f"{path} is open to others (mode {status.st_mode & 0o777:04o}). Close it:"
        return Finding("bad", path.name, words, record=f"chmod {mode:o} {path}")
    if status.st_uid != os.geteuid():
        words = f"{path} belongs to another user than the one who asks."
        return Finding("note", path.name, words)
    return Finding("good", path.name, f"{path} is readable by its owner alone.")

"""The file of secret keys in PORTAL_HOME, for installations whose operator sets none."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from portal.errors import SettingsError


def keys_in(path: Path) -> tuple[str, ...]:
    """Read the keys of *path*; the process that comes first makes them, whole or not at all."""
    if not path.exists():
        _write_key(path)
    keys = tuple(path.read_text().split())
    if not keys:
        raise SettingsError(f"{path} is empty. Restore it, or remove it and lose open links.")
    return keys


def _write_key(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):  # another process was first
        os.link(draft, path)
    draft.unlink()

"""Who else could change a plugin: whoever can, runs code as the portal."""

from __future__ import annotations

import os
import pwd
import shlex
import stat
from pathlib import Path


def first_danger(folder: Path, path: Path) -> str:
    """Return why the plugin at *path*, with all that lies in it, must not be loaded, or ''."""
    cache = folder / "__pycache__"
    real = path.resolve()
    to_see = [path, *([cache, *cache.glob(f"{path.stem}.*")] if cache.exists() else [])]
    for top, folders, files in os.walk(real if path.is_dir() else "/nowhere"):
        to_see += [Path(top, name) for name in (*folders, *files)]
    # One command for all that may be wrong; what a link leads to lies elsewhere.
    whole = real if path.is_symlink() else folder
    words = next((words for one in to_see if (words := danger(one, whole))), "")
    return words or (danger(real.parent) if path.is_symlink() else "")


def danger(path: Path, whole: Path | None = None) -> str:
    """Return who else could change *path*, and what to type against it; '' when nobody could.

    What is to be typed mends all that lies in *whole*, if that is given, and else *path* alone.
    Whoever can write there runs code as the portal, with its keys and every account's settings.
    """
    try:
        seen = path.stat()
    except OSError as error:
        return f"{path} cannot be looked at ({error.strerror})."
    deep = "-R " if whole else ""
    shown = shlex.quote(str(whole or path))
    if seen.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        who = "everybody" if seen.st_mode & stat.S_IWOTH else "its group"
        return f"{path} can be changed by {who}. Type: chmod {deep}go-w {shown}"
    if seen.st_uid not in (0, os.geteuid()):
        me = _user(os.geteuid())
        return (
            f"{path} belongs to {_user(seen.st_uid)}, neither to root nor to {me}, who runs the "
            f"portal. Type: chown {deep}{me} {shown}"
        )
    return ""


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)

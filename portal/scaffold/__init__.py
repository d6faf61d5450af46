"""Writes the first version of a plugin: `portal plugin new`."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

_PACKAGE = Path(__file__).parent / "package"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LONGEST = 20
_TAKEN = ("email", "sms", "clipboard", "apprise")
_SUFFIX = ".tmpl"


class ScaffoldError(Exception):
    """The plugin cannot be written there or cannot be called that; the words say what to do."""


def write(name: str, folder: Path) -> Path:
    """Write a complete package for a channel called *name* into a new folder below *folder*.

    Raises ScaffoldError for a name that cannot be used and for a folder that is there already.
    """
    _check(name)
    made = folder / f"portal-{name.replace('_', '-')}"
    if made.exists():
        raise ScaffoldError(f"{made} is there already. Choose another name, or move it away.")
    if not folder.is_dir():
        raise ScaffoldError(f"There is no folder {folder}.")
    for source in sorted(_PACKAGE.rglob(f"*{_SUFFIX}")):
        place = str(source.relative_to(_PACKAGE)).removesuffix(_SUFFIX).replace("NAME", name)
        path = made / place
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        path.write_text(_filled_in(source.read_text(), name))
        path.chmod(0o644)
    return made


def _check(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise ScaffoldError(
            f"{name!r} cannot be a plugin's name. Use lower-case letters, digits and single _, "
            f"a letter first, at most {_LONGEST} characters, such as relay or acme_chat."
        )
    if name in _TAKEN or keyword.iskeyword(name):
        raise ScaffoldError(f"{name} is taken. Choose another name, such as my_{name}.")


def _filled_in(text: str, name: str) -> str:
    words = name.split("_")
    for mark, word in (
        ("@name@", name),
        ("@dash-name@", name.replace("_", "-")),
        ("@Name@", "".join(word.capitalize() for word in words)),
        ("@Title@", " ".join(words).capitalize()),
    ):
        text = text.replace(mark, word)
    return text

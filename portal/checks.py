"""Finds the channels and contracts of a plugin that is being written, and tries them."""

from __future__ import annotations

import importlib
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pluggy

from portal import plugins
from portal.channel import Channel, Operator
from portal.plugins.sources import Source, import_file
from portal.testing import ChannelContract, run

_ENTRY = re.compile(r'^  File "[^\n]*\n(?:    [^\n]*\n)*', re.MULTILINE)
"""One call in a traceback: where it stands, and its line of code."""
_OURS = (__file__, *(str(Path(one.__file__ or "").parent) for one in (plugins, pluggy)))
_IS_OURS = re.compile(rf'  File "(?:{"|".join(map(re.escape, _OURS))}|<frozen importlib)')
_EMPTY = re.compile(r"^Traceback [^\n]*\n(?!  File)", re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """One thing that was tried. *words* say what to do about it, or why it was not tried."""

    subject: str
    says: str
    state: Literal["ok", "failed", "not run"]
    words: str = ""


class _MissingError(Exception):
    """There is nothing at the path that could be a plugin."""


def of(path: Path) -> Iterator[Line]:
    """Load the plugin at *path* and put each of its channels to the tests of the contract.

    A channel is tried with the ChannelContract among the plugin's own tests; one that has none
    with settings that are made up from its form.
    """
    try:
        source = _source(path)
    except _MissingError as error:
        yield Line(path.name, "It can be loaded", "failed", str(error))
        return
    with silence():
        loaded = plugins.load(Operator(), [source])
    (info,) = loaded.described()
    if info.state != "loaded":
        yield Line(info.name, "It can be loaded", "failed", _authors_part(info.why))
        return
    yield Line(info.name, f"It can be loaded: {', '.join(info.hooks) or 'no hooks'}", "ok")
    contracts, failures = _contracts(path)
    yield from failures
    for channel in loaded.channels.values():
        own = [one for one in contracts if _is_of(one, channel)]
        for contract in own or [_made_up(channel)]:
            for result in run(contract):
                yield Line(channel.id, result.says, result.state, result.words)


def _source(path: Path) -> Source:
    """Return what to load: a file, a package, or the one package in a project's folder."""
    if path.suffix == ".py" and (path.parent / "__init__.py").is_file():
        raise _MissingError(
            f"{path.name} is a part of the package {path.parent.name}. "
            f"Check the package's folder instead: portal plugin check {path.parent}"
        )
    if path.is_file() and path.suffix == ".py":
        return Source(path.stem, lambda: import_file(path.stem, path), str(path))
    if (path / "__init__.py").is_file():
        sys.path.insert(0, str(path.parent))
        return _package(path)
    found = [one.parent for one in sorted(path.glob("*/__init__.py")) if one.parent.name != "tests"]
    if len(found) != 1:
        raise _MissingError(
            f"{path} must be a .py file, a package, or a folder with one package in it; "
            f"it holds {len(found)} packages."
        )
    sys.path.insert(0, str(path))
    return _package(found[0])


def _package(folder: Path) -> Source:
    name = folder.name
    return Source(name.removeprefix("portal_"), lambda: importlib.import_module(name), str(folder))


@contextmanager
def silence() -> Iterator[None]:
    """Keep out of the log why plugins cannot be loaded, where that is printed anyway."""
    log = logging.getLogger("portal.plugins")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _authors_part(trace: str) -> str:
    """Return *trace* without the calls that lead to the plugin: those are the portal's own."""
    told = _ENTRY.sub(lambda found: "" if _IS_OURS.match(found[0]) else found[0], trace)
    return _EMPTY.sub("", told)


def _contracts(path: Path) -> tuple[list[type[ChannelContract]], list[Line]]:
    """Return the contracts in the plugin's tests, and what cannot be read of them."""
    found: dict[str, type[ChannelContract]] = {}
    failures: list[Line] = []
    for file in _tests(path):
        try:
            module = import_file(f"tests_{file.stem}", file)
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
            failures.append(Line(file.name, "Its contract can be read", "failed", words))
        else:
            found |= _of_module(module)
    return list(found.values()), failures


def _tests(path: Path) -> list[Path]:
    if path.is_file():
        near = [path, *path.parent.glob(f"test_{path.stem}.py")]
    else:
        near = [*path.glob("test_*.py"), *path.glob("**/tests/**/test_*.py")]
    return [file for file in sorted({*near}) if "ChannelContract" in file.read_text("utf-8")]


def _of_module(module: ModuleType) -> dict[str, type[ChannelContract]]:
    return {
        f"{module.__name__}.{name}": one
        for name, one in vars(module).items()
        if isinstance(one, type) and issubclass(one, ChannelContract) and one.channel is not None
    }


def _is_of(contract: type[ChannelContract], channel: Channel) -> bool:
    # Not by class: a single file is loaded once as the plugin and once for its contract.
    return str(getattr(contract.channel, "id", "")) == channel.id


def _made_up(channel: Channel) -> type[ChannelContract]:
    members: dict[str, Any] = {"channel": channel, "made_up": True}
    return type(f"Made up for {channel.id}", (ChannelContract,), members)

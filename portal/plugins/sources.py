"""Where plugins come from: installed packages, and the operator's own folder if it is safe."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from portal.plugins.safety import danger, first_danger

GROUP = "portal.plugins"
DISTRIBUTION = "portico-portal"
ALL, BUILT_IN = "*", "built-in"
"""Words of PORTAL_PLUGINS that are no plugin's name."""


@dataclass(frozen=True)
class Source:
    """A plugin that can be loaded. *danger* says why it must not be, or nothing."""

    name: str
    load: Callable[[], Any]
    origin: str
    version: str = ""
    is_built_in: bool = False
    danger: str = ""

    def is_chosen(self, chosen: Sequence[str]) -> bool:
        return ALL in chosen or self.name in chosen or (self.is_built_in and BUILT_IN in chosen)


def found(folder: Path) -> list[Source]:
    """Return the installed plugins, the built-in e-mail first, then those in *folder* by name."""
    return [*_installed(tuple(sys.path)), *_in_folder(folder)]


@cache
def _installed(_path: tuple[str, ...]) -> list[Source]:
    """What is installed on a path does not change while a process runs, and looking takes long."""
    entries = [_from_entry(entry) for entry in entry_points(group=GROUP)]
    return sorted(entries, key=lambda one: (not one.is_built_in, one.name != "email", one.name))


def _from_entry(entry: EntryPoint) -> Source:
    name = entry.dist.name if entry.dist else ""
    is_built_in = name.lower().replace("_", "-") == DISTRIBUTION
    return Source(
        entry.name,
        entry.load,
        origin=f"comes with Portico ({entry.value})" if is_built_in else f"package {name}",
        version=entry.dist.version if entry.dist else "",
        is_built_in=is_built_in,
    )


def _in_folder(folder: Path) -> Iterator[Source]:
    if not folder.is_dir():
        return
    unsafe = danger(folder, folder)
    for path in sorted(folder.iterdir()):
        source = path / "__init__.py" if path.is_dir() else path
        if source.suffix == ".py" and source.is_file() and not path.name.startswith(("_", ".")):
            name = path.stem.removeprefix("portal_")  # as packages of plugins are called
            yield Source(
                name,
                partial(import_file, name, source),
                origin=str(path),
                danger=unsafe or first_danger(folder, path),
            )


def import_file(name: str, source: Path) -> Any:
    """Import the module or package at *source*. Raises what it raises."""
    spec = importlib.util.spec_from_file_location(f"portal_plugin_{name}", source)
    if spec is None or spec.loader is None:
        raise ImportError(f"{source} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # Before it runs: its own dataclasses and its relative imports look it up there.
    sys.modules[spec.name] = module
    # A cache written under a lenient umask would be one that others could change.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    finally:
        sys.dont_write_bytecode = before
    return module

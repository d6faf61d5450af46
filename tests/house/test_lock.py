"""The lock is what setup.cfg asks for: the same names and markers, each pinned with hashes."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
OURS = "portico-portal"
FILES = ("run", "dev")


class Pin(NamedTuple):
    """One locked package: its line, its hashes, and who asks for it."""

    requirement: Requirement
    hashes: list[str]
    asked_by: list[str]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)


def asked(kind: str) -> dict[str, Requirement]:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options"]["install_requires"].split("\n")
    if kind == "dev":
        lines += setup["options.extras_require"]["dev"].split("\n")
    found = [Requirement(line) for line in lines if line.strip()]
    return {canonicalize_name(one.name): one for one in found}


def pins(kind: str) -> list[Pin]:
    text = (ROOT / "requirements" / f"{kind}.txt").read_text()
    blocks = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    return [read(block) for block in blocks if block.strip()]


def read(block: str) -> Pin:
    lines = [line.strip().removesuffix("\\").strip() for line in block.splitlines()]
    hashes = [line for line in lines if line.startswith("--hash=")]
    comments = [line.removeprefix("#").strip() for line in lines if line.startswith("#")]
    by = [line.removeprefix("via").strip() for line in comments if line != "via"]
    return Pin(Requirement(lines[0]), hashes, by)


@pytest.mark.parametrize("kind", FILES)
def test_every_line_is_one_version_with_its_hashes(kind: str) -> None:
    found = pins(kind)
    assert len(found) > 30
    for pin in found:
        (specifier,) = pin.requirement.specifier
        assert specifier.operator == "==", pin.name
        assert "*" not in specifier.version, pin.name
        assert pin.requirement.url is None, pin.name
        assert pin.hashes, f"{pin.name} has no hash"
        assert all(re.fullmatch("--hash=sha256:[0-9a-f]{64}", one) for one in pin.hashes), pin.name


@pytest.mark.parametrize("kind", FILES)
def test_the_lock_names_no_host(kind: str) -> None:
    text = (ROOT / "requirements" / f"{kind}.txt").read_text()
    for word in ("://", "--index", "--find-links", "--trusted", "@ "):
        assert word not in text


@pytest.mark.parametrize("kind", FILES)
def test_what_setup_cfg_asks_for_is_locked_and_nothing_else(kind: str) -> None:
    """Run `./do lock` when this fails."""
    wanted, locked = asked(kind), {pin.name: pin for pin in pins(kind)}
    assert set(wanted) <= set(locked), "setup.cfg asks for more than is locked"
    direct = {
        name for name, pin in locked.items() if any(by.startswith(OURS) for by in pin.asked_by)
    }
    assert direct == set(wanted), "the lock still holds what setup.cfg no longer asks for"
    for name, requirement in wanted.items():
        (specifier,) = locked[name].requirement.specifier
        assert requirement.specifier.contains(specifier.version), f"{name} is locked too old"
        assert str(locked[name].requirement.marker) == str(requirement.marker), name
    for pin in locked.values():
        strangers = {canonicalize_name(by.split(" ")[0]) for by in pin.asked_by} - {*locked, OURS}
        assert not strangers, f"{pin.name} is there for {strangers}, which is not"


def test_both_locks_pin_the_same_versions() -> None:
    run, dev = ({pin.name: str(pin.requirement.specifier) for pin in pins(kind)} for kind in FILES)
    assert run == {name: dev.get(name) for name in run}

"""What watches goes on where the system cannot fork for a while."""

from __future__ import annotations

import errno
import os

import pytest

from portal import supervisor
from portal.supervisor import Part
from tests.wait import wait_for


def no_fork() -> int:
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


def test_a_part_that_cannot_be_forked_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "SHORTEST_PAUSE", 0.05)
    part = Part("brief", lambda: None)
    ended = part.process
    part.process.join(10)
    said: list[str] = []

    def cannot_start() -> bool:
        part.look_after()
        said.append(capfd.readouterr().err)
        return "portal brief cannot be started (Resource" in "".join(said)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", no_fork)
        wait_for(cannot_start)
    assert part.process is ended

    def is_started() -> bool:
        part.look_after()
        return part.process is not ended

    wait_for(is_started)
    part.process.join(10)

"""Interruptions: in time, again for those who cling on, one inside the other."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from portal import interrupt
from portal.interrupt import at_most


class LateError(Exception):
    """Too late."""


def spins(seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pass


def test_what_takes_too_long_is_interrupted_and_the_clock_is_left_alone() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(LateError), at_most(0.05, LateError):
        spins()
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is before
    with at_most(5, LateError):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_one_that_clings_on_is_interrupted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupt, "AGAIN_SECONDS", 0.05)
    caught = []

    def clings() -> None:
        while len(caught) < 3:
            try:
                time.sleep(5)
            except LateError as error:
                caught.append(error)
        time.sleep(5)

    with pytest.raises(LateError), at_most(0.05, LateError):
        clings()
    assert len(caught) == 3


def test_the_outer_time_goes_on_while_an_inner_one_runs() -> None:
    def inner() -> None:
        with pytest.raises(KeyError), at_most(0.05, KeyError):
            spins()
        time.sleep(5)

    began = time.monotonic()
    with pytest.raises(LateError), at_most(0.2, LateError):
        inner()
    assert 0.15 < time.monotonic() - began < 1


def test_an_outer_time_that_ran_out_meanwhile_interrupts_at_once() -> None:
    def inner() -> None:
        with at_most(5, KeyError):
            spins(0.15)
        time.sleep(5)

    began = time.monotonic()
    with pytest.raises(LateError), at_most(0.05, LateError):
        inner()
    assert time.monotonic() - began < 1


def test_other_threads_are_not_interrupted() -> None:
    done = []

    def wait() -> None:
        with at_most(0.01, LateError):
            time.sleep(0.05)
        done.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    assert done

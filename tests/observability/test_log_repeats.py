"""What fails again and again is written whole once, and counted from then on."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from portal import log_repeats
from portal.log_repeats import Repeats


class Log:
    """A logger that fails on command, at times of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at, self.stream = 0.0, io.StringIO()
        self.logger = logging.getLogger("portal.test_repeats")
        self.handler = logging.StreamHandler(self.stream)
        self.handler.addFilter(Repeats())
        self.logger.addHandler(self.handler)
        self.logger.propagate = False
        monkeypatch.setattr(log_repeats.time, "monotonic", lambda: self.at)

    def fails(self, words: str, *args: object, of: type[Exception] = ValueError) -> str:
        """Return what is written of it."""
        before = self.stream.tell()
        try:
            raise of("the server\nis away, 100% of it")
        except of:
            self.logger.exception(words, *args)
        return self.stream.getvalue()[before:]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    found = Log(monkeypatch)
    yield found
    found.logger.removeHandler(found.handler)


def test_a_failure_is_written_whole_once_and_counted_each_minute(log: Log) -> None:
    assert "Traceback" in log.fails("Row %s failed.", 1)
    assert [log.fails("Row %s failed.", n) for n in range(40)] == [""] * 40
    assert "Traceback" in log.fails("Task %s failed.", "be7faae9-d4d9-47a8-b977-94a0d4ebdce7")
    assert log.fails("Task %s failed.", "2f0f3c1e-0c5a-4c57-8e55-6f9c7bb0a1de") == ""
    log.at = 61
    again = "Row 7 failed. (ValueError: the server; 40 times more since it was last said)\n"
    assert log.fails("Row %s failed.", 7) == again
    assert log.fails("Row %s failed.", 8) == ""
    log.at = 3_000
    assert "Traceback" in log.fails("Row %s failed.", 9), "it had gone meanwhile"


def test_another_failure_is_another(log: Log) -> None:
    assert "Traceback" in log.fails("The channel %s failed.", "email")
    assert "Traceback" in log.fails("The channel %s failed.", "sms")
    assert "Traceback" in log.fails("The channel %s failed.", "sms", of=OSError)
    log.logger.error("The channel %s failed.", "sms")
    log.logger.error("The channel %s failed.", "sms")
    assert log.stream.getvalue().endswith("The channel sms failed.\nThe channel sms failed.\n")


def test_what_is_remembered_is_bounded(log: Log) -> None:
    for n in range(log_repeats.MOST + 1):
        assert "Traceback" in log.fails(f"Kind {'z' * n} failed.")
    assert "Traceback" in log.fails("Kind z failed.")

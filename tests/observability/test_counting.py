"""The counters that processes share: whatever they do at once, or die of, each count is there."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from portal import metrics
from portal.metrics import BUCKETS
from tests.wait import wait_for

SENDS = 30_000


@pytest.fixture(autouse=True)
def counting() -> Iterator[None]:
    metrics.share()
    yield
    metrics.stop()


def forked(action: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    return child


def send(times: int, channel: str = "email", result: str = "sent", seconds: float = 0.03) -> None:
    for _ in range(times):
        metrics.note_send(channel, result, seconds)


def total(channel: str = "email", result: str = "sent") -> int:
    found = metrics.read().sends.get((channel, result))
    return found.total if found else 0


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_processes_count_together_and_lose_nothing() -> None:
    children = [forked(lambda: send(SENDS)) for _ in range(3)]
    children.append(forked(lambda: send(SENDS, "sms", "failed")))
    children.append(forked(lambda: [metrics.note_wake_lost(2) for _ in range(SENDS)]))
    send(SENDS)
    for child in children:
        os.waitpid(child, 0)
    assert (total(), total("sms", "failed")) == (4 * SENDS, SENDS)
    assert metrics.read().wakes_lost == 2 * SENDS
    assert metrics.read().sends["email", "sent"].seconds == pytest.approx(4 * SENDS * 0.03)


def test_threads_of_one_process_count_together() -> None:
    threads = [threading.Thread(target=send, args=(SENDS,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total() == 3 * SENDS


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_that_is_killed_while_it_counts_stops_nobody() -> None:
    """Each is killed somewhere in the middle, some with the lock in their hands."""
    for _ in range(20):
        before = total()
        child = forked(lambda: send(10**9))
        wait_for(lambda before=before: total() > before)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        before, began = total(), time.monotonic()
        send(1)
        assert total() == before + 1
        assert time.monotonic() - began < 1


def test_each_send_falls_into_its_bucket() -> None:
    for seconds in (0.001, BUCKETS[0], 0.3, 1e6):
        metrics.note_send("email", "sent", seconds)
    found = metrics.read().sends["email", "sent"]
    assert found.counts[0] == 2, "a bound belongs to its own bucket"
    assert found.counts[5] == found.counts[-1] == 1
    assert found.cumulative[-1] == found.total == 4


def test_a_label_is_a_channel_and_a_result_and_nothing_else() -> None:
    metrics.note_send("carl@carter.example", "sent", 1)
    metrics.note_send("email", "Carl Carter", 1)
    metrics.note_send("", "sent", 1)
    assert set(metrics.read().sends) == {("other", "sent"), ("email", "other")}
    assert total("other", "sent") == 2


def test_more_channels_than_there_is_room_for_share_the_last_place() -> None:
    for number in range(300):
        metrics.note_send(f"relay{number}", "sent", 1)
    found = metrics.read().sends
    assert sum(one.total for one in found.values()) == 300
    assert found["other", "other"].total == 45


def test_where_nobody_counts_nothing_happens() -> None:
    metrics.stop()
    metrics.note_send("email", "sent", 1)
    metrics.note_wake_lost()
    assert metrics.read() == metrics.Counts()


def test_to_count_costs_next_to_nothing() -> None:
    """Twenty microseconds are allowed, of which some two are used; the best of several tries."""
    took = []
    for _ in range(10):
        began = time.perf_counter()
        send(500)
        took.append((time.perf_counter() - began) / 500)
    assert min(took) < 20e-6

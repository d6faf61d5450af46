"""Guarded calls: whatever a hook does, the others answer and the failure can be read."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from portal.plugins import Fault, Plugins, guard
from portal.plugins.faults import without_secrets
from tests.plugins.plugs import LINK, Folder, delivery, event, request

T = TypeVar("T")
TOKEN = LINK.rpartition("/")[2]
VETO = "@hookimpl\ndef portal_before_send(delivery, request):\n    "
GOOD_VETO = VETO + "return 'Not today.'\n"
BADLY: dict[str, tuple[str, str]] = {
    "raises": ("raise RuntimeError('no line')", "RuntimeError: no line"),
    "exits": ("raise SystemExit(3)", "SystemExit: 3"),
    "base": ("raise BaseException('odd')", "BaseException: odd"),
    "stops": ("raise GeneratorExit", "GeneratorExit"),
    "garbage": ("return 5", "must answer with a sentence"),
    "hangs": ("import time\n    time.sleep(60)", "within 0.2 seconds"),
    "loops": ("while True: pass", "within 0.2 seconds"),
    "clings": ("import time\n    try: time.sleep(60)\n    except Exception: raise ValueError",
               "ValueError"),
    "recurses": ("return portal_before_send(delivery, request)", "RecursionError"),
    "mute": ("class E(Exception):\n        def __str__(self): raise ValueError\n    raise E",
             "exception str() failed"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LIMITS", {})
    monkeypatch.setattr(guard, "USUAL_LIMIT", 0.2)


def in_a_thread(act: Callable[[], T]) -> T:
    answers: list[T] = []
    thread = threading.Thread(target=lambda: answers.append(act()))
    thread.start()
    thread.join(10)
    return answers[0]


@pytest.mark.parametrize("how", BADLY)
def test_a_hook_that_behaves_badly_is_reported_and_the_others_are_heard(
    folder: Folder, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    body, words = BADLY[how]
    folder.put("z_bad", VETO + body)
    folder.put("good", GOOD_VETO)
    plugins, faults = folder.heard()
    assert plugins.veto(delivery(), request(), account_id=9) == "Not today."
    (fault,) = faults
    assert (fault.plugin, fault.hook, fault.account_id) == ("z_bad", "portal_before_send", 9)
    assert words in fault.words
    assert how == "garbage" or "z_bad.py" in fault.traceback
    assert fault.words in caplog.text


@pytest.mark.parametrize("how", ["raises", "exits", "garbage", "hangs"])
def test_in_a_web_thread_too(folder: Folder, how: str) -> None:
    body, words = BADLY[how]
    folder.put("z_bad", VETO + body.replace("60", "1"))
    folder.put("good", GOOD_VETO)
    plugins, faults = folder.heard()
    assert in_a_thread(lambda: plugins.veto(delivery(), request())) == "Not today."
    assert words in faults[0].words
    assert how == "garbage" or "z_bad.py" in faults[0].traceback


def test_what_hung_in_a_web_thread_is_not_called_again(folder: Folder) -> None:
    folder.put("z_bad", VETO + "import time\n    time.sleep(1)")
    plugins, faults = folder.heard()
    for _again in range(3):
        assert in_a_thread(lambda: plugins.veto(delivery(), request())) == ""
    assert len(faults) == 1


def test_a_slow_hook_rests_after_three_times_and_is_tried_again_later(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "USUAL_LIMIT", 0.02)
    folder.put("slow", VETO + "import time\n    time.sleep(60)")
    plugins, faults = folder.heard()
    for _again in range(5):
        plugins.veto(delivery(), request())
    assert len(faults) == guard.STRIKES
    clock = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: clock + guard.REST_SECONDS + 1)
    plugins.veto(delivery(), request())
    assert len(faults) == guard.STRIKES + 1


def test_links_tokens_and_secrets_are_struck_out(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    body = "raise RuntimeError(f'{request.link} {request.link[-24:]} {request.code}')"
    folder.put("leaks", VETO + body)
    plugins, faults = folder.heard()
    plugins.veto(delivery(), request())
    for text in (faults[0].words, faults[0].traceback, caplog.text):
        assert TOKEN not in text
        assert "4821 9035" not in text
    assert "RuntimeError: … … …" in faults[0].words


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"at {LINK}.", "at …."),
        (f"at {LINK.lower()} again", "at … again"),
        (f"token={TOKEN}&x", "token=…&x"),
        ("the key s3cret-key of", "the key … of"),
        ("def portal_message_contexts():", "def portal_message_contexts():"),
        ("0123456789abcdef" * 4, "0123456789abcdef" * 4),
    ],
)
def test_what_is_struck_out(text: str, left: str) -> None:
    assert without_secrets(text, ("s3cret-key", "")) == left


def test_a_veto_tells_its_reason_without_the_link(folder: Folder) -> None:
    folder.put("leaks", VETO + "return 'Not ' + request.link")
    assert folder.load().veto(delivery(), request()) == "Not …"


def test_a_listener_that_fails_stops_nobody_from_listening(folder: Folder, tmp_path: Path) -> None:
    listen = "from pathlib import Path\n@hookimpl\ndef portal_event(event):\n    "
    folder.put("z_bad", listen + "1 / 0")
    folder.put("good", listen + f"Path({str(tmp_path / 'heard')!r}).write_text(event.kind)")
    plugins, faults = folder.heard()
    plugins.observe(event("joined"), account_id=4)
    assert (tmp_path / "heard").read_text() == "joined"
    assert [(fault.plugin, fault.account_id) for fault in faults] == [("z_bad", 4)]
    assert plugins.implementers("portal_event") == ["z_bad", "good"]


def test_the_words_of_plugins_are_checked_and_the_last_loaded_counts(folder: Folder) -> None:
    hook = "@hookimpl\ndef portal_message_context(delivery):\n    return "
    folder.put("a", hook + "{'greeting': 'Hello\\n there', 'closing': 'Bye'}")
    folder.put("b", hook + "{'greeting': 'Good day', 'closing': 'see http://evil.example'}")
    folder.put("c", hook + "{'greetings': 'x'}")
    folder.put("d", hook + "{'greeting': 5}")
    folder.put("e", hook + "{'greeting': 'x' * 501}")
    folder.put("f", hook + "'greeting'")
    plugins, faults = folder.heard()
    assert plugins.message_context(delivery()) == {"greeting": "Good day", "closing": "Bye"}
    assert sorted(fault.plugin for fault in faults) == ["c", "d", "e", "f"]


@pytest.mark.parametrize(
    ("answer", "chosen", "words"),
    [
        ("'texts'", "texts", ""),
        ("None", None, ""),
        ("'pigeon'", None, "the channel 'pigeon' cannot carry this; use email, texts"),
        ("['texts']", None, "must answer with a channel's id"),
    ],
)
def test_a_channel_is_chosen_among_those_that_could_carry_it(
    folder: Folder, answer: str, chosen: str | None, words: str
) -> None:
    folder.put("a", f"@hookimpl\ndef portal_choose_channel(delivery):\n    return {answer}")
    plugins, faults = folder.heard()
    assert plugins.choose_channel(delivery()) == chosen
    assert words in "".join(fault.words for fault in faults)
    assert bool(faults) is bool(words)


def test_a_failure_that_cannot_be_kept_harms_nobody(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_fault: Fault) -> None:
        raise OSError("disk full")

    folder.put("z_bad", VETO + "1 / 0")
    folder.put("good", GOOD_VETO)
    plugins = folder.load()
    plugins.on_fault = full
    assert plugins.veto(delivery(), request()) == "Not today."
    assert "could not be kept" in caplog.text


def test_pressing_control_c_is_not_taken_for_a_fault(folder: Folder) -> None:
    folder.put("slow", VETO + "raise KeyboardInterrupt")
    plugins = folder.load()
    with pytest.raises(KeyboardInterrupt):
        plugins.veto(delivery(), request())


def test_without_plugins_a_hook_costs_next_to_nothing(folder: Folder) -> None:
    plugins: Plugins = folder.load("built-in")
    began, before = time.process_time(), len(os.listdir("/proc/self/task"))
    for _call in range(2000):
        plugins.sections("acme")
        plugins.veto(delivery(), request())
    assert time.process_time() - began < 0.5
    assert len(os.listdir("/proc/self/task")) <= before

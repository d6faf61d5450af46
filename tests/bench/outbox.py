"""The outbox: how fast two workers empty it, and how soon after the click a message is taken."""

from __future__ import annotations

import smtplib
import statistics
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.bench.browser import Browser
from tests.bench.own_sink import OwnSink, RealSink
from tests.bench.station import INVITES, MESSAGES, Station
from tests.bench.stations import SQLITE, stations
from tests.wait import wait_for

CLICKS = 60
IDLE_SECONDS = 1.6
"""Between two clicks at one station: workers that poll their queue have become slow by then."""
LEAST_SHARE = 0.6
MOST_SLOWER = 1.15
NOISE_SECONDS = 0.01


@dataclass
class Figures:
    """What was measured at one station: messages a second by block, seconds by click."""

    station: Station
    rates: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    @property
    def wait(self) -> float:
        return statistics.median(self.waits)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.waits, n=20, method="inclusive")[-1]

    @property
    def most(self) -> float:
        """The seconds that 95 of 100 clicks may take."""
        return 0.3 if self.station.kind == SQLITE else 0.05


def measure_outbox(
    folder: Path, *, rounds: int, million: bool, only: str = "", is_sink_bare: bool = False
) -> int:
    """Measure, print and return 1 when a target is missed.

    The sink is a mail server as people run it; with *is_sink_bare* one that hardly looks at what
    it is given, which shows what our own work costs and has no target.
    """
    sink = OwnSink() if is_sink_bare else RealSink()
    try:
        with stations(folder, sink, million=million, only=only) as found:
            figures = [Figures(station) for station in found]
            loop = _throughput(figures, sink, rounds)
            _latency(figures, sink)
    finally:
        sink.close()
    return _report(figures, statistics.median(loop))


def _throughput(figures: list[Figures], sink: OwnSink, rounds: int) -> list[float]:
    """Fill *figures*, block by block in turns, and return the rates of the bare loop."""
    loop = []
    for n in range(-1, rounds):  # the first round only warms up
        for one in figures if n % 2 else reversed(figures):
            rate = _empty(one.station, sink)
            one.rates += [rate] if n >= 0 else []
        rate = _bare_loop(sink)
        loop += [rate] if n >= 0 else []
    return loop


def _empty(station: Station, sink: OwnSink) -> float:
    before = sink.accepted
    station.owe_all()
    sink.wait_for(before + MESSAGES)
    wait_for(lambda: not station.pending(), within=30, what="an empty outbox")
    assert sink.accepted == before + MESSAGES, "a message came twice"
    return sink.rate(before, MESSAGES)


def _bare_loop(sink: OwnSink) -> float:
    """Send the last message as often again, over one connection and with nothing else to do."""
    before, message = sink.accepted, sink.last + b"\r\n"
    with smtplib.SMTP("127.0.0.1", sink.port, local_hostname="localhost") as line:
        for n in range(MESSAGES):
            line.sendmail("portal@acme.example", [f"carl{n}@carter.example"], message)
    return sink.rate(before, MESSAGES)


def _latency(figures: list[Figures], sink: OwnSink) -> None:
    """Click at one station after the other; while one works, all others are idle."""
    browsers = [one.station.sign_in() for one in figures]
    numbers = count()
    for _ in range(CLICKS):
        began = time.monotonic()
        for one, browser in zip(figures, browsers, strict=True):
            one.waits.append(_click(browser, sink, next(numbers)))
        time.sleep(max(0.0, IDLE_SECONDS - (time.monotonic() - began)))


def _click(browser: Browser, sink: OwnSink, number: int) -> float:
    """Return the seconds from the press of the button to the mail server's 250."""
    browser.reconnect()
    page = browser.opens(INVITES)
    typed = {"who": f"dora{number}@carter.example", "name": "Dora", "note": ""}
    before, clicked = sink.accepted, time.monotonic()
    browser.posts(INVITES, {**page.hidden, **typed})
    sink.wait_for(before + 1, within=30)
    return sink.taken_at(before + 1) - clicked


def _report(figures: list[Figures], loop: float) -> int:
    print(f"\n{'':28}{'messages/s':>12}{'share':>8}{'click ms':>10}{'p95':>8}{'most':>7}")
    print(f"{'bare loop of smtplib':28}{loop:12.0f}")
    missed = 0
    for one in figures:
        faults = _faults(one, figures, loop)
        missed += len(faults)
        print(
            f"{one.station.name:28}{one.rate:12.0f}{one.rate / loop:8.2f}{one.wait * 1000:10.1f}"
            f"{one.p95 * 1000:8.1f}{one.most * 1000:7.0f}{'  MISSED: ' if faults else ''}"
            f"{', '.join(faults)}"
        )
    return 1 if missed else 0


def _faults(one: Figures, figures: list[Figures], loop: float) -> list[str]:
    small = next(other for other in figures if other.station.kind == one.station.kind)
    is_slow = {
        "throughput": one.rate < LEAST_SHARE * loop,
        "latency": one.p95 >= one.most,
        "throughput beside ended rows": small.rate > MOST_SLOWER * one.rate,
        "latency beside ended rows": one.wait > MOST_SLOWER * small.wait + NOISE_SECONDS,
    }
    return [name for name, missed in is_slow.items() if missed]

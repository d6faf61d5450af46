"""`make bench`: what Portico costs, against the same by hand; exits 1 when a target is missed."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.bare import Bare
from tests.bench.installation import Installation
from tests.bench.journeys import JOURNEYS, Journey
from tests.bench.outbox import measure_outbox
from tests.bench.portico import Portico
from tests.bench.sink import Sink
from tests.bench.standing import Standing, standing

IDLE_SECONDS = 4.0
MOST_MEMORY = 300.0
MOST_READY = 3.0


@dataclass
class Figure:
    """One journey in both installations: milliseconds of CPU a time, a number for each block."""

    journey: type[Journey]
    floor: list[float] = field(default_factory=list)
    portico: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return statistics.median(self.portico) / statistics.median(self.floor)

    @property
    def is_met(self) -> bool:
        return self.ratio <= self.journey.most


def main() -> int:
    chosen = arguments()
    missed = 0
    with tempfile.TemporaryDirectory(prefix="portico-bench-") as name:
        folder = Path(name)
        if chosen.only in "outbox":
            missed |= measure_outbox(
                folder,
                rounds=chosen.rounds,
                million=chosen.million,
                is_sink_bare=chosen.bare_sink,
            )
        alone = standing(folder / "standing")
        if any(chosen.only in kind.name for kind in JOURNEYS):
            missed |= report(measure_journeys(folder, chosen))
    return missed | report_standing(alone)


def measure_journeys(folder: Path, chosen: argparse.Namespace) -> list[Figure]:
    sink = Sink()
    both = Bare(folder / "floor", sink.port), Portico(folder / "portico", sink.port)
    try:
        for installation in both:
            installation.prepare()
            installation.start()
        return measure(both, sink, chosen)
    finally:
        for installation in both:
            installation.stop()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="measure what has this in its name")
    parser.add_argument(
        "--bare-sink", action="store_true", help="the outbox against a server that hardly looks"
    )
    parser.add_argument(
        "--million", action="store_true", help="the outbox also beside 1,000,000 ended messages"
    )
    return parser.parse_args()


def measure(
    both: tuple[Installation, Installation], sink: Sink, chosen: argparse.Namespace
) -> list[Figure]:
    kinds = [kind for kind in JOURNEYS if chosen.only in kind.name]
    journeys = [[kind(installation, sink) for installation in both] for kind in kinds]
    figures = [Figure(kind) for kind in kinds]
    for pair in journeys:
        for journey in pair:
            block(journey, journey.times // 4, 0.0)
    for n in range(chosen.rounds):
        idle = idle_rates(both)
        for figure, pair in zip(figures, journeys, strict=True):
            kept = (figure.floor, figure.portico)
            for side in (0, 1) if n % 2 else (1, 0):
                kept[side].append(block(pair[side], pair[side].times, idle[side]))
    return figures


def block(journey: Journey, times: int, idle: float) -> float:
    """Return the milliseconds of CPU of one time, without what idle processes would have used."""
    for browser in journey.browsers:
        browser.reconnect()
    journey.prepare(times)
    before, started = journey.installation.cpu(), time.monotonic()
    journey.run(times)
    used, took = journey.installation.cpu() - before, time.monotonic() - started
    return (used - idle * took) / times * 1000


def idle_rates(both: tuple[Installation, Installation]) -> list[float]:
    """Return the CPU seconds a second that each takes to wait for work, side by side."""
    time.sleep(0.5)
    before, started = [one.cpu() for one in both], time.monotonic()
    time.sleep(IDLE_SECONDS)
    took = time.monotonic() - started
    return [(one.cpu() - used) / took for one, used in zip(both, before, strict=True)]


def report(figures: list[Figure]) -> int:
    print(f"{'':28}{'floor ms':>18}{'Portico ms':>18}{'ratio':>8}{'most':>7}")
    for figure in figures:
        print(
            f"{figure.journey.name:28}{spread(figure.floor):>18}{spread(figure.portico):>18}"
            f"{figure.ratio:8.2f}{figure.journey.most:7.1f}{'' if figure.is_met else '  MISSED'}"
        )
    return 0 if all(figure.is_met for figure in figures) else 1


def report_standing(alone: Standing) -> int:
    rows = (
        ("ready on an empty home, s", alone.first, MOST_READY),
        ("ready on its own home, s", alone.again, MOST_READY),
        ("memory when idle, MB (PSS)", alone.memory, MOST_MEMORY),
    )
    for name, value, most in rows:
        print(f"{name:28}{value:44.2f}{most:7.1f}{'' if value < most else '  MISSED'}")
    return 0 if all(value < most for _name, value, most in rows) else 1


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


if __name__ == "__main__":
    sys.exit(main())

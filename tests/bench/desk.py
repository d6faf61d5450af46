"""`python -m tests.bench.desk`: the desk of a large account beside the same of a small one.

Milliseconds of the processor in the server, which 95 of 100 requests stay below; exits 1 when a
page takes more than twice as long as with 1,000 contacts, or 100 ms, or a write 1.3 times as long.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import psutil

from tests import servers
from tests.bench.desk_pages import pages
from tests.bench.desk_side import Side, Took
from tests.bench.desk_writes import WRITES, redeems
from tests.bench.own_sink import OwnSink
from tests.services import Run

SMALL = 1_000
LARGE = {"postgresql": 1_000_000, "sqlite": 200_000}
ROUNDS, WARM = 64, 4
AT_MOST_TIMES, AT_MOST_TO_WRITE, AT_MOST_MS = 2.0, 1.3, 100.0

Urls = tuple[str, str]


class Figure(NamedTuple):
    """What 95 of 100 take on the small desk and on the large one; *typical* is the median ratio."""

    name: str
    small: Took
    large: Took
    typical: float
    most: float

    @property
    def times(self) -> float:
        return self.large.cpu / self.small.cpu

    @property
    def is_met(self) -> bool:
        return self.times <= self.most and self.large.cpu < AT_MOST_MS


def main() -> int:
    chosen = arguments()
    sink = OwnSink()
    try:
        return sum(measured(name, chosen, sink.port) for name in chosen.database) and 1
    finally:
        sink.close()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.desk", description=__doc__)
    parser.add_argument("--database", action="append", choices=LARGE, help="one of both alone")
    parser.add_argument("--contacts", type=int, help="so many instead of 1,000,000 or 200,000")
    parser.add_argument("--only", default="", help="measure what has this in its name")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--filled", nargs=2, metavar=("SMALL", "LARGE"),
                        help="the addresses of two databases that were filled before")  # fmt: skip
    chosen = parser.parse_args()
    chosen.database = chosen.database or list(LARGE)
    return chosen


def measured(database: str, chosen: argparse.Namespace, smtp_port: int) -> int:
    """Return how many figures missed their target."""
    count = chosen.contacts or LARGE[database]
    with urls(database, chosen.filled) as found:
        sides = [
            Side(url, n, smtp_port, is_filled=bool(chosen.filled))
            for url, n in zip(found, (SMALL, count), strict=True)
        ]
        print(f"\n{database}, load {psutil.getloadavg()[0]:.1f}")
        print(f"{'ms, 95 of 100':32}{SMALL:>9,}{count:>11,}   times  median  by the clock")
        return sum(tell(figure) for figure in figures(*sides, chosen))


def figures(small: Side, large: Side, chosen: argparse.Namespace) -> Iterator[Figure]:
    for name, path in pages().items():
        if chosen.only in name:
            of = {side: path(side) for side in (small, large)}
            yield compared(name, lambda side, of=of: asked(side, of[side]), small, large, chosen)  # type: ignore[misc]
    if chosen.only in "redeem":
        journeys: Act = lambda side: redeems(side, chosen.rounds)  # noqa: E731
        yield compared("redeem", journeys, small, large, chosen)
    for name, write in WRITES.items():
        if chosen.only in name:
            yield compared(name, write, small, large, chosen, most=AT_MOST_TO_WRITE)


Act = Callable[[Side], Iterator[Took]]


def asked(side: Side, path: str) -> Iterator[Took]:
    while True:
        yield side.asks(path)


def compared(
    name: str,
    act: Act,
    small: Side,
    large: Side,
    chosen: argparse.Namespace,
    *,
    most: float = AT_MOST_TIMES,
) -> Figure:
    """Ask both in turn, so that a busy machine is busy for both."""
    gc.collect()
    gc.freeze()  # what else this process holds is none of the server's garbage
    pairs = zip(act(small), act(large), strict=False)
    taken = list(islice(pairs, chosen.rounds))[WARM:]
    ends = [
        Took(*(p95([took[kind] for took in of_side]) for kind in (0, 1)))
        for of_side in zip(*taken, strict=True)
    ]
    medians = [
        statistics.median(took.cpu for took in of_side) for of_side in zip(*taken, strict=True)
    ]
    return Figure(name, *ends, medians[1] / medians[0], most)


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def tell(figure: Figure) -> bool:
    """Print the figure; tell whether it missed its target."""
    small, large = figure.small, figure.large
    print(
        f"{figure.name:32}{small.cpu:9.1f}{large.cpu:11.1f}{figure.times:8.2f}"
        f"{figure.typical:8.2f}{small.wall:8.1f}{large.wall:8.1f}{'' if figure.is_met else '  !'}",
        flush=True,
    )
    return not figure.is_met


@contextmanager
def urls(database: str, filled: Urls | None) -> Iterator[Urls]:
    """Two empty databases of a server of our own, gone after the `with` block."""
    if filled:
        yield filled
    elif database == "sqlite":
        with tempfile.TemporaryDirectory(prefix="portico-desk-") as name:
            yield tuple(f"sqlite:///{Path(name)}/{size}.db" for size in ("small", "large"))  # type: ignore[misc]
    else:
        run = Run.begin()
        try:
            server = servers.shared_postgres(run.shared)
            yield server.create("small"), server.create("large")
        finally:
            run.pytest_unconfigure()


if __name__ == "__main__":
    sys.exit(main())

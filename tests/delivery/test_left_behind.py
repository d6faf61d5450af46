"""What workers held that were killed with their parent is known to whoever is started next."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from portal.lanes import Lanes, Left

DATABASE = "sqlite:///one.db"
HELD = [(11, 1), (12, 1), (13, 2), (14, 1)]


def lanes(folder: Path, database: str = DATABASE, workers: int = 2) -> Lanes:
    return Lanes(workers, folder=folder, database=database)


def dies_in_the_middle(folder: Path, killed: Lanes | None = None) -> None:
    """A child takes four messages, sends two, is at the third, and is killed."""
    child = os.fork()
    if not child:
        taken = killed or lanes(folder)
        taken.enter(1, 7)
        taken.hold(1, HELD)
        for place in (0, 1):
            taken.begin(1, place)
            taken.end(1, place, was_sent=place == 0, seconds=0.1)
        taken.begin(1, 2)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


LEFT = [Left(sent=[(11, 1)], under_way=(13, 2), others=[(12, 1), (14, 1)])]


def test_what_all_held_that_were_killed_is_found_once(tmp_path: Path) -> None:
    dies_in_the_middle(tmp_path)
    assert lanes(tmp_path, workers=1).left_behind == LEFT, "with fewer workers than before"
    assert lanes(tmp_path).left_behind == []


def test_what_a_living_process_holds_is_left_to_it(tmp_path: Path) -> None:
    living = lanes(tmp_path)
    dies_in_the_middle(tmp_path, killed=living)
    assert lanes(tmp_path).left_behind == [], "its parent lives and writes the ends itself"
    assert living.left_by(1) == LEFT[0]


def test_what_was_held_of_another_database_is_nothing(tmp_path: Path) -> None:
    dies_in_the_middle(tmp_path)
    assert lanes(tmp_path, database="sqlite:///other.db").left_behind == []

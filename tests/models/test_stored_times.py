"""Times written inside an expression are stored as all others are, so that they can be read."""

from __future__ import annotations

import time
from datetime import timedelta

from flask import Flask

from portal.db import atomic, now
from portal.models.rate_count import RateCount
from tests.cast import Client, Staff

SHORT, LONG = timedelta(milliseconds=20), timedelta(minutes=1)


def test_ada_reads_the_page_of_a_client_who_has_signed_in(ada: Staff, carl: Client) -> None:
    ada.invites(carl.email)
    carl.signs_in().sees("Welcome to Acme")
    ada.page_of(carl.email).is_status(200).sees("Joined", "Last seen")


def test_a_count_starts_anew_when_its_window_has_ended(app: Flask) -> None:
    with app.app_context():
        _count, ends_at = hit("door", SHORT)
        while now() <= ends_at:
            time.sleep(0.001)
        assert hit("door", LONG)[0] == 1
        count, ends_at = hit("door", LONG)
    assert count == 2
    assert timedelta() < ends_at - now() <= LONG


hit = atomic(RateCount.hit)

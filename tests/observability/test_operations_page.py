"""docs/operations.md names the metrics that there are, with their labels, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from portal import metrics
from portal.db import db
from portal.exposition import Outbox
from portal.models.channel_setting import ChannelSetting
from tests.models.acme import account_at, opened

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
ROW = re.compile(r"^\| (`portico_.*?) \|(.*?)\|", re.MULTILINE)
NAME = re.compile(r"portico_[a-z_]+")
SUFFIXES = ("_bucket", "_count", "_sum")


def told(app: Flask) -> dict[str, set[str]]:
    """Return the labels of each metric that a scrape shows, by name."""
    return {
        sample.name: set(sample.labels)
        for family in Outbox(app).collect()
        for sample in family.samples
    }


def described() -> dict[str, set[str]]:
    """Return what the table says."""
    found = {}
    for names, labels in ROW.findall(PAGE):
        for name in NAME.findall(names):
            found[name] = {label.strip() for label in labels.split(",") if label.strip()}
    return found


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_table_of_metrics_is_whole_and_true(app: Flask) -> None:
    opened(app)
    with app.app_context():
        acme = account_at("acme")
        ChannelSetting.find_or_add(acme.id, "email").fail("sign_in", "535")
        db.session.commit()
    metrics.share()
    metrics.note_send("email", "sent", 1)
    shown = told(app)
    metrics.stop()
    shown["portico_outbox_trouble"] = {"status", "cause"}  # nothing has failed here
    seconds = {name for name in shown if name.endswith(SUFFIXES)}
    assert {name: labels for name, labels in shown.items() if name not in seconds} == {
        name: labels for name, labels in described().items() if name != "portico_send_seconds"
    }
    assert set.union(*(shown[name] for name in seconds)) == {"channel", "le"}


def test_alerts_use_metrics_that_there_are() -> None:
    known = {*described(), *(f"portico_send_seconds{one}" for one in SUFFIXES)}
    rules = PAGE.partition("## Alerts")[2].partition("## The outbox")[0]
    assert len(NAME.findall(rules)) > 6
    assert {*NAME.findall(rules)} <= known

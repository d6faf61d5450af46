"""The Deliveries page: it finds a message among many, shows what became of it, and is quick."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from portal.db import db, now
from portal.flows.invite import invite
from portal.models import delivery_list
from portal.models.account import Account
from portal.models.delivery import Status
from portal.models.delivery_list import Filter
from portal.models.staff import Staff as StaffRow
from tests.cast import Client, Page, Staff
from tests.delivery_pages.conftest import Acme

NAMES = ("Änne 100% Sure", "Anne_Under", "AnneXUnder", "Bob", "Cy", "Dee", "Eve", "Flo")


@pytest.fixture
def eight(acme: Acme, ada: Staff) -> Acme:
    """Invitations to eight people, oldest first, an hour apart, each with a fate of its own."""
    with acme.app.app_context():
        account, by = Account.by_slug("acme"), StaffRow.by_email("ada@acme.example")
        assert account
        assert by
        for number, name in enumerate(NAMES):
            invite(account, f"p{number}@x.example", by=by, name=name)
    fates = (
        {"status": Status.SENT},
        {"status": Status.BOUNCED, "cause": "no_mailbox", "error": "No such user."},
        {"status": Status.FAILED, "cause": "no_mailbox", "error": "No such user."},
        {"status": Status.FAILED},
        {"status": Status.CANCELLED},
        {"status": Status.DELIVERED},
        {"status": Status.UNKNOWN, "channel": "pigeon"},
        {"status": Status.QUEUED, "due_at": now() + timedelta(days=2)},
    )
    start = now() - timedelta(hours=10)
    for hour, (delivery, fate) in enumerate(zip(acme.deliveries(), fates, strict=True)):
        acme.change(delivery.id, created_at=start + timedelta(hours=hour), **fate)
    return acme


def names(page: Page) -> list[str]:
    return [one.get_text() for one in page.soup.select("ul.sendings .who strong")]


def found(ada: Staff, **asked: str) -> list[str]:
    return names(ada.browser.opens("/admin/acme/deliveries/", query=asked))


def test_the_newest_comes_first_with_its_fate(eight: Acme, ada: Staff) -> None:
    page = ada.at("deliveries/")
    assert names(page) == list(reversed(NAMES))
    page.sees("Scheduled", "Unknown", "Delivered", "Cancelled", "Failed", "Bounced", "Sent")
    page.sees("“Sent” means that the provider took the message, not that it arrived.")
    page.sees("Scheduled for", "No such user.")


def test_filters_find_what_they_say(eight: Acme, ada: Staff) -> None:
    assert found(ada, status="failed") == ["Bob", "AnneXUnder"]
    assert found(ada, status="cancelled") == ["Cy"]
    assert found(ada, channel="pigeon") == ["Eve"]
    assert found(ada, kind="login") == []
    assert found(ada, cause="no_mailbox") == ["AnneXUnder", "Anne_Under"]
    assert found(ada, cause="other", status="failed") == ["Bob"]
    assert found(ada, status="nonsense", kind="'; --", since="yesterday") == list(reversed(NAMES))
    ada.at("deliveries/?status=complained").sees("No message matches")


SEARCHES = {
    "anne": 3, "ANNE under": 2, "anne_under": 1, "100%": 1, "%": 1, "_": 1, "p5@x": 1,
    "zebra": 0, "x.example": 8, "\\": 0,
}  # fmt: skip


def test_a_search_takes_words_as_they_are(eight: Acme, ada: Staff) -> None:
    assert {q: len(found(ada, q=q)) for q in SEARCHES} == SEARCHES
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery_list, "FEW", 0)
        among_all = {q: len(found(ada, q=q)) for q in SEARCHES}
    assert among_all == SEARCHES, "among everybody's messages"


def test_days_are_those_of_the_account(eight: Acme, ada: Staff) -> None:
    with eight.app.app_context():
        account = Account.by_slug("acme")
        assert account
        account.time_zone = "Pacific/Kiritimati"  # 14 hours ahead
        db.session.commit()
    at = now().replace(hour=11, minute=30) - timedelta(days=3)  # half past one, the next day there
    eight.change(eight.deliveries()[0].id, created_at=at)
    there = (at + timedelta(hours=14)).date().isoformat()
    assert found(ada, since=there, until=there) == [NAMES[0]]
    assert found(ada, until=at.date().isoformat()) == []


def test_pages_follow_each_other_without_a_gap(
    eight: Acme, ada: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = eight.deliveries()[3].created_at
    for delivery in eight.deliveries()[3:6]:
        eight.change(delivery.id, created_at=same)
    monkeypatch.setattr(delivery_list.page, "__kwdefaults__", {"before": None, "size": 3})
    page, seen = ada.at("deliveries/"), []
    for _page in range(3):
        seen += names(page)
        page = page.follows("Older") if "Older" in page.words else page
    assert sorted(seen) == sorted(NAMES)
    assert len(seen) == 8
    ada.at("deliveries/?before=nonsense").sees("Flo")


def test_a_rare_match_is_looked_for_stretch_by_stretch(
    eight: Acme, ada: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_list, "REACH", 3)
    page = ada.at("deliveries/?status=sent")
    assert names(page) == []
    page = page.sees("Nothing yet", "There are older ones").follows("Look further back")
    page = page.follows("Look further back")
    assert names(page) == [NAMES[0]]
    page.does_not_see("Look further back")


def test_what_still_moves_is_looked_at_again(eight: Acme, ada: Staff) -> None:
    assert "every 2s" not in str(ada.at("deliveries/").soup), "two days are long"
    eight.change(eight.last().id, due_at=now())
    page = ada.at("deliveries/")
    (part,) = page.soup.select("#deliveries")
    assert "every 2s" in str(part["hx-trigger"])
    assert names(ada.opens(str(part["hx-get"]))) == list(reversed(NAMES))


def test_the_banner_counts_what_nobody_has_put_right(eight: Acme, ada: Staff) -> None:
    for delivery in eight.deliveries():
        with eight.app.app_context():
            if delivery.status in ("bounced", "failed", "unknown"):
                access = eight.access(delivery.contact_id)
                db.session.add(access)
                access.undelivered = True
                db.session.commit()
    page = ada.at().sees("Undelivered", "Mailbox or number does not exist · 2", "Other reasons · 2")
    page = page.follows("Mailbox or number does not exist")
    assert names(page) == ["AnneXUnder", "Anne_Under"]
    person = eight.deliveries()[2]
    with eight.app.app_context():
        access = eight.access(person.contact_id)
        db.session.add(access)
        access.undelivered = False
        db.session.commit()
    ada.at().sees("Mailbox or number does not exist · 1")


def test_all_that_match_go_out_again(eight: Acme, sol: Staff, carl: Client) -> None:
    page = sol.at("deliveries/?status=failed").follows("Retry all that match")
    page = page.sees("2 messages go out again").presses("Retry all 2")
    page.sees("2 messages are on the way again.")
    assert [one.status for one in eight.deliveries()[2:4]] == ["queued", "queued"]
    eight.world.worker.drains()
    assert len(eight.world.postman.letters_to("p2@x.example")) == 1
    assert [event.detail["channel"] for event in eight.events("retried")] == ["email", "email"]
    sol.at("deliveries/?status=failed").sees("No message matches")


def test_those_whose_link_is_over_are_left_out_of_a_bulk(eight: Acme, ada: Staff) -> None:
    with eight.app.app_context():
        db.session.execute(db.text("UPDATE magic_link SET expires_at = created_at"))
        db.session.commit()
    page = ada.at("deliveries/retry?status=failed").sees("None of them can be sent again")
    token = ada.at().field("csrf_token")
    page = page.browser.posts(
        "/admin/acme/deliveries/retry", {"status": "failed", "csrf_token": token}
    )
    page.sees("None of them can be sent again")
    assert eight.events("retried") == []


def test_each_query_walks_an_index_and_a_bounded_stretch(eight: Acme, app: Flask) -> None:
    app = eight.app
    with app.app_context():
        account = Account.by_slug("acme")
        assert account
        if db.engine.dialect.name == "postgresql":
            db.session.execute(db.text("SET enable_seqscan = off"))
        everything = planned(account, Filter())
        assert "ix_delivery_account_id_created_at" in everything
        of_failed = planned(account, Filter(status="failed"))
        assert "ix_delivery_trouble" in of_failed
        assert "Index Only Scan" in of_failed or "COVERING INDEX ix_delivery_trouble" in of_failed
        assert "ix_delivery_trouble" in planned(account, Filter(status="undelivered", cause="spam"))
        assert "ix_delivery_contact_id_created_at" in planned(account, Filter(q="anne"))
        assert "ix_delivery_trouble" in planned(account, None)
        db.session.rollback()


def planned(account: Account, wanted: Filter | None) -> str:
    """Return how the database goes about the page of *wanted*, or about the banner."""
    said: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        said.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        if wanted is None:
            delivery_list.trouble(account.id)
        else:
            delivery_list.page(account, wanted)
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)
    explain = "EXPLAIN QUERY PLAN" if db.engine.dialect.name == "sqlite" else "EXPLAIN"
    raw: Any = db.session.connection().connection.dbapi_connection
    plans = [raw.execute(f"{explain} {sql}", values).fetchall() for sql, values in said]
    assert all(re.search(r"LIMIT", sql) for sql, _values in said if "magic" not in sql)
    return str(plans)

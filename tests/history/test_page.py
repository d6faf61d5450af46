"""The History page: who did what and when, filtered, page by page, and as a file."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest

from portal.db import atomic, now
from portal.models import Account, Event, history_list
from portal.web import csv_cells
from tests.cast import Client, Page, Staff
from tests.models.acme import account_at


def test_staff_find_what_happened(ada: Staff, sol: Staff, bea: Staff, carl: Client) -> None:
    sol.invites(carl.email)
    carl.signs_in()
    ada.invites("dora@dale.example")
    page = history(ada)
    page.sees("Sol Sand invited", "signed in", "Ada Byron signed in to the desk", "Export")
    page.does_not_see("The mail server accepted the message", "Bea Bell")
    filters_pick(ada, carl)
    its_file_holds_what_is_shown(ada)
    nobody_else_sees_it(sol, bea)


def filters_pick(ada: Staff, carl: Client) -> None:
    of_carl = history(ada, q="carl@carter").sees(carl.email).does_not_see("dora@dale.example")
    of_carl.sees("Sol Sand invited")
    history(ada, q="nobody at all").sees("Nothing matches")
    history(ada, what="messages").sees("accepted the message").does_not_see("invited")
    history(ada, what="sign-ins").sees("signed in").does_not_see("invited")
    history(ada, what="changes").sees("invited", "The operator").does_not_see("signed in")
    history(ada, what="invited").sees("invited").does_not_see("signed in")
    history(ada, what="everything").sees("accepted the message", "invited")
    history(ada, who="client").sees("signed in").does_not_see("invited", "to the desk")
    sols = ada.at("history/").soup.find("option", string="Sol Sand")
    assert sols
    history(ada, who=str(sols["value"])).sees("Sol Sand invited").does_not_see("Ada Byron invited")
    tomorrow = (now() + timedelta(days=2)).date().isoformat()
    yesterday = (now() - timedelta(days=2)).date().isoformat()
    history(ada, since=tomorrow).sees("Nothing matches")
    history(ada, until=yesterday).sees("Nothing matches")
    history(ada, since=yesterday, until=tomorrow).sees("Sol Sand invited")
    for odd in ({"who": "9" * 30}, {"what": "x'y"}, {"since": "soon"}, {"before": "!"}):
        history(ada, **odd).is_status(200).sees("Sol Sand invited")


def its_file_holds_what_is_shown(ada: Staff) -> None:
    ada.adds("=1+1", "formula@dale.example")
    answer = ada.browser.asks("GET", "/admin/acme/history/export.csv?what=everything")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "history-acme-" in answer.headers["Content-Disposition"]
    text = answer.get_data(as_text=True)
    assert text.startswith(csv_cells.BOM)
    rows = list(csv.DictReader(text.removeprefix(csv_cells.BOM).splitlines()))
    assert [row["Kind"] for row in rows][-1] == "account_opened"
    newest = rows[0]
    assert (newest["Who"], newest["Kind"], newest["Contact"]) == ("Ada Byron", "added", "'=1+1")
    assert {row["Contact's e-mail"] for row in rows} >= {"carl@carter.example"}
    alone = ada.browser.asks("GET", "/admin/acme/history/export.csv?what=invited&q=carl")
    assert alone.get_data(as_text=True).count("\n") == 2


def nobody_else_sees_it(sol: Staff, bea: Staff) -> None:
    for path in ("history/", "history/export.csv"):
        sol.at(path).is_status(404)
        bea.opens(f"/admin/acme/{path}").is_status(404)
    sol.at().does_not_see("History")
    bea.at("history/").sees("Bea Bell signed in").does_not_see("Ada Byron")


def test_a_long_history_is_read_stretch_by_stretch(
    ada: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A filter that matches little does not read everything at once, and misses nothing."""
    monkeypatch.setattr(history_list, "REACH", 60)
    monkeypatch.setattr(history_list, "AT_ONCE", 7)
    with ada.world.app.app_context():
        fill(account_at("acme"))
    page, seen = history(ada, what="restored"), 0
    for _page in range(9):
        seen += page.words.count("restored the access")
        if "Look further back" not in page.words:
            break
        page = page.follows("Look further back")
    assert seen == 4
    page.follows("Back to the newest").sees("Look further back")
    with ada.world.app.app_context():
        wanted = history_list.Filter(what="restored")
        assert len(list(history_list.every(account_at("acme"), wanted))) == 4
        everything = history_list.Filter(what=history_list.EVERYTHING)
        ids = [line.id for line in history_list.every(account_at("acme"), everything)]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) >= 200
    whole = history(ada, what="everything")
    assert len(whole.soup.select("li.event")) == 50
    assert whole.follows("Older").words != whole.words


@atomic
def fill(account: Account) -> None:
    for number in range(200):
        kind = "restored" if number % 50 == 0 else "sent"
        Event.record(kind, account_id=account.id)


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@A1", "\t=1", " =1", "\uff1d1", "|cmd", "%0A", "\r=1"]
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert csv_cells.safe(text) == f"'{text}"
    assert csv_cells.safe(f"a{text}") == f"a{text}"


def history(person: Staff, /, **asked: str) -> Page:
    """Open the page; its filters name what there may be, so they are not among its words here."""
    page = person.browser.opens(f"/admin/{person.slug}/history/", query=asked)
    shown = page.soup.select("header.head, section.card, nav.pager")
    page.words = " ".join(" ".join(part.get_text(" ") for part in shown).split())
    return page

"""What staff see of a run: from the upload to the rejected rows."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from portal.db import db
from portal.web import uploads
from portal.web.admin import runs
from tests.cast import Client, Page, Staff
from tests.models.test_migrations import rows

CSV = (
    b"Vorname;Nachname;E-Mail;Spalte X\r\n"
    b"Nora;New;nora@new.example;\r\n"
    b"Gwen;Green;gwen@gmial.com;\r\n"
    b"=1+1;Evil;not an address;\r\n"
    b"Nora;Twice;nora@new.example;\r\n"
)


def uploads_file(staff: Staff, body: bytes, name: str = "list.csv", **typed: Any) -> Page:
    form = {"csrf_token": staff.at("runs/new").field("csrf_token"), "what": "invite", **typed}
    return staff.browser.posts(
        f"/admin/{staff.slug}/runs/new", {**form, "file": (io.BytesIO(body), name)}
    )


def test_a_file_becomes_messages(sol: Staff, bea: Staff) -> None:
    """Support may: they may invite, too. Nobody of another account sees any of it."""
    columns = uploads_file(sol, CSV).sees("What the columns hold", "list.csv", "Vorname", "Nora")
    preview = columns.presses("Show the preview")
    preview.sees("Preview", "4 rows", "Likely typo", "Twice in the list", "Cannot be used")
    preview.sees("Did they mean gwen@gmail.com?", "Enter one e-mail address")
    assert sol.world.postman.letters == []
    typos = preview.follows("Likely typo (1)").sees("gwen@gmial.com").does_not_see("Nora New")
    run = typos.presses("Begin the run", **{"act-typo": "suggestion"}).sees("Running", "0 of 4")
    sol.world.worker.drains()
    assert {letter.to[0] for letter in sol.world.postman.letters} == {
        "nora@new.example",
        "gwen@gmail.com",
    }
    done = sol.browser.opens(run.path).sees("Done", "4 of 4 rows", "Left out", "Nora New")
    sol.at("runs/").sees("list.csv", "Invite to Client Portal", "2 done", "By Sol Sand", "Done")
    sol.at("contacts/?q=nora").sees("Invited")
    answer = done.follows("Rejected rows as CSV").response
    rejected = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [(row["Line"], row["E-mail"], row["Name"]) for row in rejected] == [
        ("4", "not an address", "'=1+1 Evil"),
        ("5", "nora@new.example", "Nora Twice"),
    ]
    assert rejected[0]["Why"].startswith("Enter one e-mail address")
    bea.browser.opens(run.path).is_status(404)
    bea.browser.opens(run.path.replace("acme", "birch")).is_status(404)
    bea.at("runs/").sees("No runs yet")


def test_it_is_paused_goes_on_and_is_cancelled(ada: Staff, carl: Client) -> None:
    typed = {"what": "login_email", "addresses": f"Carl <{carl.email}>, nobody"}
    preview = ada.at("runs/new").presses("Show the preview", **typed).sees("Pasted addresses")
    page = preview.presses("Begin the run")
    page.presses("Pause").sees("Paused", "No more rows are handed over").presses("Go on")
    live = ada.browser.opens(f"{page.path}/live").sees("Running").does_not_see("Sign out")
    live.presses("Cancel the run").sees("The run was cancelled", "Cancelled")
    stale = ada.browser.posts(f"{page.path}/pause", {"csrf_token": page.field("csrf_token")})
    stale.sees("Somebody was quicker")
    ada.world.worker.drains()
    assert ada.world.postman.letters == []


def test_the_undo_window_comes_before_the_first_message(ada: Staff, carl: Client) -> None:
    with ada.world.app.app_context():
        ada.world.app.config["PORTAL_SETTINGS"].undo_bulk = 60
    typed = {"what": "invite", "addresses": carl.email}
    page = ada.at("runs/new").presses("Show the preview", **typed).presses("Begin the run")
    page.sees("It begins in", "as if nothing had been")
    ada.world.worker.drains()
    assert ada.world.postman.letters == []
    page.presses("Begin now")
    ada.world.worker.drains()
    assert len(ada.world.postman.letters) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"PK\x03\x04 a workbook", "not a CSV file"), (b"", "The file is empty")],
)
def test_what_cannot_be_read_leaves_nothing_behind(ada: Staff, body: bytes, words: str) -> None:
    uploads_file(ada, body).sees(words).is_status(422)
    uploads_file(ada, CSV, what="tag").sees("Type the tag to put on them").is_status(422)
    ada.at("runs/new").presses("Show the preview", addresses=" ").sees("Paste some addresses")
    ada.at("runs/").sees("No runs yet")
    with ada.world.app.app_context():
        found = rows(db.engine)
    assert found["run"] == found["run_piece"] == []
    columns = uploads_file(ada, CSV)
    columns.presses("Show the preview", **{"field-2": ""}).sees("Choose the column that")


@pytest.mark.usefixtures("collected")  # the test's own browser keeps such a body in a file
def test_a_large_file_is_for_signed_in_staff_alone(ada: Staff) -> None:
    body = b"E-mail\n" + b"n@new.example\n" * 100_000
    uploads_file(ada, body).sees("What the columns hold").is_status(200)
    stranger = ada.another_browser()
    form = {"csrf_token": stranger.opens("/admin/").field("csrf_token")}
    for browser, path in ((stranger, "runs/new"), (ada.browser, "contacts/new")):
        data = {**form, "file": (io.BytesIO(body), "a.csv")}
        with browser.asks("POST", f"/admin/acme/{path}", data=data) as refused:
            assert refused.status_code == 413
    assert f"{runs.bp.name}.new" == uploads.TAKES_FILES

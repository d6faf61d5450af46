"""The pages of runs in every state, for those who look at them."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser.house import BEA, House

CSV = """Vorname;Nachname;E-Mail;Handy;Schlagworte;Notiz
Nora;Neumann;nora.neumann@neumann-und-partner.example;+49 30 901820;VIP, Berlin;Called twice
Bartholomew;Featherstonehaugh-Cholmondeley;bartholomew@featherstonehaugh-and-sons.example;;;
Gwen;Green;gwen.green@gmial.com;;;
Nora;Neumann;nora.neumann@neumann-und-partner.example;;;again
Nobody;;not an address;12;;
"""


def runs(house: House) -> Iterator[tuple[str, Page]]:
    desk = house.staff(BEA, "birch")
    page = desk.at("runs/")
    yield "runs empty", page
    page.get_by_role("main").get_by_role("link", name="New run").first.click()
    yield "new run", page
    _presses(page, "Show the preview")
    expect(page.get_by_text("Paste some addresses, or choose a file.")).to_be_visible()
    yield "new run with an error", page
    body = CSV.encode()
    page.get_by_label("CSV file").set_input_files(
        {"name": "Kunden 2026.csv", "mimeType": "text/csv", "buffer": body}
    )
    _presses(page, "Show the preview")
    expect(page.get_by_role("heading", name="What the columns hold")).to_be_visible()
    yield "run, columns to confirm", page
    _presses(page, "Show the preview")
    expect(page.get_by_role("heading", name="Preview")).to_be_visible()
    yield "run, preview", page
    page.get_by_role("link", name="Likely typo").click()
    expect(page.get_by_text("Did they mean gwen.green@gmail.com?")).to_be_visible()
    yield "run, preview of one group", page
    page.get_by_label("Likely typo").select_option("suggestion")
    _presses(page, "Begin the run")
    expect(page.locator("#run .pill").get_by_text("Done")).to_be_visible(timeout=20_000)
    yield "run, done", page
    arabic = house.staff(BEA, "birch", locale="ar").visitor
    yield "run, in Arabic", arabic.opens(page.url)
    yield "runs", desk.at("runs/")


def run_waiting(house: House) -> Iterator[tuple[str, Page]]:
    """Where the undo window is not over, and where somebody has paused."""
    desk = house.staff(BEA, "birch")
    page = desk.at("settings/")
    page.get_by_label("Time to take back many at once", exact=True).fill("600")
    page.get_by_role("region", name="Undo").get_by_role("button", name="Save").click()
    page.get_by_text("Saved").first.wait_for()
    desk.at("runs/new").get_by_label("Or paste addresses").fill(
        "Zoë <zoe@zoe.example>\nx@y.example"
    )
    _presses(page, "Show the preview")
    _presses(page, "Begin the run")
    expect(page.get_by_text("It begins in")).to_be_visible()
    yield "run, to be taken back", page
    run = page.url
    desk.at("runs/")
    page.goto(run)
    _presses(page, "Take it back")
    expect(page.get_by_text("The run was cancelled")).to_be_visible()
    yield "run, cancelled", page


def _presses(page: Page, name: str, *, exact: bool = False) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=exact).first.click()

"""Takes pictures of the pages, to look at: `python -m tests.browser.pictures FOLDER`.

Each state in light and dark, on a desk and on a phone. Words after the folder choose states.
"""

from __future__ import annotations

import re
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests import servers
from tests.browser import states
from tests.browser.house import House
from tests.browser.looking import SCHEMES, WIDTHS, sees
from tests.services import CHROMIUM_FLAGS

PORT = "8000"
SIGN_INS = (1, 2, 0, 3, 4, 2, 1, 0, 3, 5, 4, 6, 2, 1, 4, 7, 5, 6, 3, 2, 5, 8, 6, 9, 4, 3, 7, 9, 11)
HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def main(folder: Path, wanted: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="portico-pictures-")) / "home"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=servers.chromium_program(), args=CHROMIUM_FLAGS
        )
        house = House.open(home, chromium, PORT=PORT).gets_birch()
        try:
            states.lived_in(house)
            spread_over_a_month(home / "portal.db")
            for walk in states.ALL:
                for name, page in walk(house):
                    if not wanted or any(word in name for word in wanted):
                        take(page, folder, name)
                house.all_leave()
        finally:
            house.portico.stop()
        chromium.close()


def take(page: Page, folder: Path, name: str) -> None:
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    is_dialog = page.get_by_role("dialog").count() > 0
    for width in WIDTHS:
        for scheme in SCHEMES:
            sees(page, scheme, width)
            page.evaluate("document.getAnimations().forEach((moving) => moving.finish())")
            page.screenshot(path=folder / f"{stem}-{width}-{scheme}.png", full_page=not is_dialog)
    sees(page, "light", WIDTHS[0])


def spread_over_a_month(path: Path) -> None:
    """Move what has just happened apart, and let others have signed in before."""
    now = datetime.now(UTC)
    with sqlite3.connect(path, timeout=10) as database:
        ids = [row[0] for row in database.execute("SELECT id FROM event ORDER BY id DESC")]
        for place, event_id in enumerate(ids):
            at = (now - HOUR * 0.05 - HOUR * 0.1 * place**2 - EPOCH) // timedelta(microseconds=1)
            database.execute("UPDATE event SET at = ? WHERE id = ?", (at, event_id))
        for days, count in enumerate(reversed(SIGN_INS), start=1):
            day = (now - timedelta(days=days)).date().isoformat()
            database.execute(
                "INSERT INTO sign_in_day SELECT id, ?, ? FROM account WHERE slug = 'acme'",
                (day, count),
            )
    database.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

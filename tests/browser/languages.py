"""Every page in every state in every other language: `python -m tests.browser.languages`.

Each is asked for once more as it was asked for in English, its dialog too, while its account and
its staff have another language; then come the messages. Words after the command choose walks. Exits
1 when something is found.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from playwright.sync_api import Page, Request, expect, sync_playwright

from portal import kept_mail
from portal.languages import LANGUAGES
from tests import servers
from tests.browser import states
from tests.browser.house import PATIENCE, House, Visitor, eventually, html_of, letter_of
from tests.browser.looking import overflow, violations
from tests.services import CHROMIUM_FLAGS

OTHERS = tuple(language for language in LANGUAGES if language != "en")
BOTH = ("account", "staff")
MESSAGES = 3
"""The invitation, the login e-mail and the link that a client asks for."""
POSTED = """([verb, url, values]) => {
  const form = document.body.appendChild(document.createElement("form"));
  [form.method, form.action] = [verb, url];
  for (const [name, all] of Object.entries(values)) for (const value of all) {
    form.appendChild(Object.assign(document.createElement("input"), {name, value}));
  }
  HTMLFormElement.prototype.submit.call(form);
}"""
IN_DIALOG = """([verb, url, values]) => {
  const body = document.getElementById("dialog-body");
  htmx.ajax(verb, url, {source: body, target: body, swap: "innerHTML", values});
}"""


class Again(NamedTuple):
    """How a page was asked for, and the dialog that stands in it."""

    name: str
    page: Page
    document: Request
    dialog: Request | None

    @classmethod
    def of(cls, name: str, visitor: Visitor) -> Again | None:
        """Return None for a message in a mail program, which is no page of ours, and for what a
        file was sent for, which is gone."""
        page, document, dialog = visitor.page, None, None
        for request in visitor.requests:
            if request.is_navigation_request() and request.frame == page.main_frame:
                document, dialog = request, None
            elif request.headers.get("hx-target") == "dialog-body":
                dialog = request
        if page.locator("dialog[open]").count() == 0:
            dialog = None
        if document is None or "multipart" in document.headers.get("content-type", ""):
            return None
        return cls(name, page, document, dialog)

    @property
    def has_effects(self) -> bool:
        """A form was sent, which may have counted a try; that of a dialog was taken, for it stands
        there without a word at a field."""
        if self.dialog is None or self.dialog.method == "GET":
            return self.document.method == "POST"
        return self.page.locator("dialog [aria-invalid=true]").count() == 0

    @contextmanager
    def opened(self, language: str) -> Iterator[Page]:
        """Open it in another tab of the same browser, which asks for *language*."""
        tab = self.page.context.new_page()
        try:
            tab.set_extra_http_headers({"Accept-Language": language})
            if self.document.method == "POST":
                tab.goto("/admin/")
                with tab.expect_navigation():
                    tab.evaluate(POSTED, _values_of(self.document))
            else:
                tab.goto(self.document.url)
            if self.dialog is not None and tab.locator("#dialog-body").count() == 0:
                print(f"{self.name}: its page is gone", flush=True)
            elif self.dialog is not None:
                tab.evaluate(IN_DIALOG, _values_of(self.dialog))
                expect(tab.get_by_role("dialog")).to_be_visible()
            yield tab
        finally:
            tab.close()


def main(wanted: list[str]) -> int:
    home = Path(tempfile.mkdtemp(prefix="portico-languages-")) / "home"
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=servers.chromium_program(), args=CHROMIUM_FLAGS
        )
        house = House.open(home, chromium).gets_birch()
        try:
            walks = [walk for walk in states.ALL if not wanted or walk.__name__ in wanted]
            return sum(looked_at(house, walk) for walk in walks) and 1
        finally:
            house.portico.stop()
            chromium.close()


def looked_at(house: House, walk: states.States) -> int:
    """Look at each state of *walk* in all the other languages; return how much is wrong."""
    found, later = [], []
    for name, page in walk(house):
        visitor = next(one for one in house.visitors if one.page is page)
        again = Again.of(name, visitor)
        if again is None or walk is states.mailbox:  # which operators read, in English
            continue
        if page.locator("html").get_attribute("lang") != "en":  # the client's own
            continue
        if again.has_effects:  # on what the walk does next
            later.append(again)
        else:
            found += trouble(house, again)
    for again in later:
        found += trouble(house, again)
    if walk is states.letters:
        found += [words for language in OTHERS for words in in_messages(house, language)]
    found += house.all_leave()
    print(f"{walk.__name__}: {len(found)}", *found, sep="\n  ", flush=True)
    return len(found)


def trouble(house: House, again: Again) -> list[str]:
    found = []
    for language in OTHERS:
        with speaking(house, language, BOTH), again.opened(language) as tab:
            spoken = tab.locator("html").get_attribute("lang")
            words = [] if spoken == language else [f"it is in {spoken}"]
            words += [*violations(tab), *(f"too wide: {part}" for part in overflow(tab))]
        found += [f"{again.name}: {language}: {word}" for word in words]
    return found


def in_messages(house: House, language: str) -> Iterator[str]:
    """Yield what is wrong with what a client of an account with this language is sent."""
    email = f"lena.{language}@letter.example"
    programme = house.visitor().page
    with speaking(house, language, ("account",)):
        desk = house.staff()
        desk.adds("Lena Letter", email)
        desk.invites(email)
        states.presses(desk.page_of(email), "Send Login Email")
        door = house.visitor().opens("/p/acme/")
        door.locator("input[type=email]").fill(email)
        door.locator("main form button").first.click()
        for letter in eventually(lambda: letters_to(house, email), f"messages to {email}"):
            programme.set_content(html_of(letter))
            spoken = programme.locator("html").get_attribute("lang")
            words = [] if spoken == language else [f"it is in {spoken}"]
            words += [*violations(programme, is_letter=True), *overflow(programme)]
            yield from (f"{letter['Subject']}: {language}: {word}" for word in words)


def letters_to(house: House, email: str) -> list[Any]:
    """Return all the messages, or none as long as one is missing."""
    folder = house.portico.home / "mailbox"
    found = [one.id for one in kept_mail.newest(folder) if email in one.to]
    return [letter_of(folder, one) for one in found] if len(found) == MESSAGES else []


@contextmanager
def speaking(house: House, language: str, tables: Sequence[str]) -> Iterator[None]:
    """Give all accounts, and their staff, another language for the length of a `with` block.

    What is under way goes out first: a message is in the language that its account has by then.
    """
    eventually(lambda: is_quiet(house), "the end of what is under way")
    with _database(house) as database:
        before = {
            name: database.execute(f"SELECT locale, id FROM {name}").fetchall() for name in tables
        }
        for name in tables:
            database.execute(f"UPDATE {name} SET locale = ?", (language,))
    yield
    with _database(house) as database:
        for name in tables:
            database.executemany(f"UPDATE {name} SET locale = ? WHERE id = ?", before[name])


def is_quiet(house: House) -> bool:
    at = time.time_ns() // 1000
    with _database(house) as database:
        asked = database.execute("SELECT count(*) FROM sign_in_request").fetchone()[0]
        owed = database.execute(
            "SELECT count(*) FROM delivery WHERE status = 'sending' OR status = 'queued'"
            " AND due_at <= ? AND NOT held",
            (at,),
        ).fetchone()[0]
    return not asked and not owed


@contextmanager
def _database(house: House) -> Iterator[sqlite3.Connection]:
    with sqlite3.connect(house.portico.home / "portal.db", timeout=10) as database:
        yield database
    database.close()


def _values_of(request: Request) -> list[Any]:
    """Return how a form asks for it."""
    values = parse_qs(request.post_data or "", keep_blank_values=True)
    return [request.method, request.url, values]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

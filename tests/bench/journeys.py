"""What is measured: four things that clients do, the same requests for both installations."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from tests.bench.browser import Browser
from tests.bench.installation import CLIENTS, SLUG, Installation
from tests.bench.sink import Sink

BROWSERS = 4
FRONT = f"/p/{SLUG}/"


class Journey(ABC):
    """One figure. *times* is how often a block repeats it; *most* the ratio that is still good."""

    name: str
    times: int
    most: float

    def __init__(self, installation: Installation, sink: Sink) -> None:
        self.installation, self.sink = installation, sink
        self.browsers = [Browser(installation.port) for _ in range(BROWSERS)]

    def prepare(self, times: int) -> None:  # noqa: B027 - most journeys need nothing
        """Do what must be there before a block, and is not measured."""

    @abstractmethod
    def go(self, browser: Browser, n: int) -> None:
        """Do it for the *n*th time of the block."""

    def finish(self) -> None:  # noqa: B027 - most journeys are over at once
        """Wait for what the block has caused."""

    def run(self, times: int) -> None:
        together(self.browsers, times, self.go)
        self.finish()


class SignedInHome(Journey):
    name, times, most = "signed-in home", 3000, 2.5

    def prepare(self, times: int) -> None:
        if self.browsers[0].cookies:
            return
        tokens = self.installation.issue_links(BROWSERS)
        for browser, token in zip(self.browsers, tokens, strict=True):
            follow_link(browser, token)
            assert "Signed in as" in browser.opens(FRONT).text

    def go(self, browser: Browser, n: int) -> None:
        browser.opens(FRONT)


class SignInPage(Journey):
    """Seen by a browser that was never here: no cookie comes with it."""

    name, times, most = "sign-in page", 3000, 2.5

    def go(self, browser: Browser, n: int) -> None:
        browser.forget()
        browser.opens(FRONT)


class LinkJourney(Journey):
    """The link of a message, the clean page, the press; in a browser that was never here."""

    name, times, most = "link: open, page, press", CLIENTS, 2.0

    def prepare(self, times: int) -> None:
        self.tokens = self.installation.issue_links(times)

    def go(self, browser: Browser, n: int) -> None:
        browser.forget()
        follow_link(browser, self.tokens[n])


class AskForLink(Journey):
    """The e-mail form, until the mail server has said 250."""

    name, times, most = "ask, until mail accepted", CLIENTS, 3.5

    def prepare(self, times: int) -> None:
        for browser in self.browsers:
            browser.forget()
            browser.fields = browser.opens(FRONT).hidden
        self.expected = self.sink.accepted + times

    def go(self, browser: Browser, n: int) -> None:
        browser.posts(FRONT, {**browser.fields, "email": f"carl{n}@carter.example"})

    def finish(self) -> None:
        self.sink.wait_for(self.expected)


def follow_link(browser: Browser, token: str) -> None:
    clean = browser.opens(f"/l/{token}", expect=303).location
    page = browser.opens(clean)
    browser.posts(clean, page.hidden)


def together(browsers: list[Browser], times: int, go: Callable[[Browser, int], None]) -> None:
    """Share *times* among the browsers, each in a thread of its own."""
    failures: list[BaseException] = []

    def one(first: int) -> None:
        try:
            for n in range(first, times, len(browsers)):
                go(browsers[first], n)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(first,)) for first in range(len(browsers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


JOURNEYS: tuple[type[Journey], ...] = (SignedInHome, SignInPage, LinkJourney, AskForLink)

"""Browsers in the states that tests need: with the same cookies, with none, in a hurry."""

from __future__ import annotations

from flask import Flask

from tests.cast import LAPTOP, PHONE, Browser, Page

CHROME, SAFARI = "Chrome on Windows", "Safari on iPhone"
AGENTS = {CHROME: LAPTOP, SAFARI: PHONE}


def twin(browser: Browser) -> Browser:
    """Return the same browser once more: what it sends next is as if sent at the same time."""
    copy = Browser(browser.http.application, browser.headers["User-Agent"], browser.address)
    for cookie in browser.http._cookies.values():
        copy.http.set_cookie(
            cookie.key, cookie.value, domain=cookie.domain, path=cookie.path, secure=cookie.secure
        )
    return copy


def cookie(browser: Browser, name: str) -> str:
    """Return a cookie's value, or '' when the browser does not hold it."""
    found = [one.value for one in browser.http._cookies.values() if one.key == name]
    return found[0] if found else ""


def cookies(browser: Browser) -> dict[str, str]:
    return {one.key: one.value for one in browser.http._cookies.values()}


def holding(app: Flask, name: str, value: str) -> Browser:
    """Return a browser that holds one cookie, copied from elsewhere."""
    browser = Browser(app)
    browser.http.set_cookie(name, value, domain="127.0.0.1")
    return browser


def press(page: Page, browser: Browser, words: str = "Sign in") -> Page:
    """Press a button of *page* in a twin of its browser."""
    return Page(browser, page.response, page.url).presses(words)

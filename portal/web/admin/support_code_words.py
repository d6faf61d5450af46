"""What a page told somebody whom nobody knows by name, and what staff may say to them."""

from __future__ import annotations


def page_words(page: str) -> tuple[str, str]:
    """Return what *page* said, and what to do next."""
    return _PAGES.get(page, _ERROR)


_AGAIN = "Ask for their e-mail address, find the contact, and send them a new message."
_PAGES = {
    "incomplete": (
        "“This link is incomplete”: a part of it was cut off, or it was mistyped.",
        "Ask them to press the button in the message, or to copy the whole link.",
    ),
    "no_cookies": (
        "“Your browser did not keep the link”: it refused the cookie, or the page was an old one.",
        "Ask them to allow cookies, or to open the message in another browser.",
    ),
    "used": ("“This link was already used”.", _AGAIN),
    "expired": ("“This link has expired”.", _AGAIN),
    "replaced": ("“There is a newer link”.", _AGAIN),
    "no_access": ("“This link no longer lets you in”.", _AGAIN),
    "code_off": (
        "“Too many tries”: wrong codes were typed for an address that no link went to.",
        "Ask which address stands on their page: it has no access here, or is mistyped.",
    ),
    "code_ended": (
        "“Let us start afresh”: a code was typed too late, for an address that no link went to.",
        "Ask which address stands on their page: it has no access here, or is mistyped.",
    ),
    "429": ("“Too many tries”.", "Their network made many tries. Let them wait five minutes."),
    "503": ("“One moment, please”.", "The portal was busy. Let them try once more now."),
}
_ERROR = ("An error page.", "Ask what they had pressed before, and let them try once more.")

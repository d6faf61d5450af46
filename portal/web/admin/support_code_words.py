"""What a page told somebody whom nobody knows by name, and what staff may say to them."""

from __future__ import annotations

from portal.languages import _, mark


def page_words(page: str) -> tuple[str, str]:
    """Return what *page* said, and what to do next."""
    said, next_step = _PAGES.get(page, _ERROR)
    return _(said), _(next_step)


_AGAIN = mark("Ask for their e-mail address, find the contact, and send them a new message.")
_PAGES = {
    "incomplete": (
        mark("“This link is incomplete”: a part of it was cut off, or it was mistyped."),
        mark("Ask them to press the button in the message, or to copy the whole link."),
    ),
    "no_cookies": (
        mark(
            "“Your browser did not keep the link”: it refused the cookie, or the page was an old "
            "one."
        ),
        mark("Ask them to allow cookies, or to open the message in another browser."),
    ),
    "used": (mark("“This link was already used”."), _AGAIN),
    "expired": (mark("“This link has expired”."), _AGAIN),
    "replaced": (mark("“There is a newer link”."), _AGAIN),
    "no_access": (mark("“This link no longer lets you in”."), _AGAIN),
    "code_off": (
        mark("“Too many tries”: wrong codes were typed for an address that no link went to."),
        mark("Ask which address stands on their page: it has no access here, or is mistyped."),
    ),
    "code_ended": (
        mark(
            "“Let us start afresh”: a code was typed too late, for an address that no link went to."
        ),
        mark("Ask which address stands on their page: it has no access here, or is mistyped."),
    ),
    "429": (
        mark("“Too many tries”."),
        mark("Their network made many tries. Let them wait five minutes."),
    ),
    "503": (
        mark("“One moment, please”."),
        mark("The portal was busy. Let them try once more now."),
    ),
}
_ERROR = (
    mark("An error page."),
    mark("Ask what they had pressed before, and let them try once more."),
)

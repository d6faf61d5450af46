"""What looks at every page sees what is wrong at one width and in one scheme alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.looking import overflow, violations

PAGE = """<!doctype html><html lang="en"><head><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body {{ background: #fff; color: #000 }}
.phone {{ display: none }}
@media (max-width: 600px) {{ .phone {{ display: block }} }}
@media (prefers-color-scheme: dark) {{ body {{ background: #000; color: #fff }} }}
{style}
</style></head><body><main><h1>A page</h1><p>Some words.</p>
<p class="phone">Words on a phone.</p><form><label>Name <input></label></form>{more}</main>
</body></html>
"""
WRONG = {
    "nothing": ("", "", []),
    "on a dark phone alone": (
        "@media (max-width: 600px) and (prefers-color-scheme: dark) { main { background: #eee } }",
        "",
        ["dark 360: color-contrast"],
    ),
    "what only a phone shows": (".phone { color: #777; background: #999 }", "",
                                ["light 360: color-contrast", "dark 360: color-contrast"]),
    "a field that only a phone shows": ("", '<div class="phone"><input></div>',
                                        ["light 360: label"]),
    "everywhere": (
        "p:not(.phone) { color: #777; background: #999 }",
        "",
        ["light 1280: color-contrast", "dark 1280: color-contrast"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_it_is_said_where_it_is_wrong(new_page: Callable[..., Page], what: str) -> None:
    style, more, wrong = WRONG[what]
    page = new_page()
    page.set_content(PAGE.format(style=style, more=more))
    found = violations(page)
    assert sorted({": ".join(words.split(": ")[:2]) for words in found}) == sorted(wrong)


def test_what_a_card_cuts_off_is_too_wide(new_page: Callable[..., Page]) -> None:
    page = new_page()
    wide = '<div style="overflow: hidden"><p style="width: 400px">Cut off</p></div>'
    page.set_content(PAGE.format(style="", more=wide))
    assert len(overflow(page)) == 1

"""What the four mail programs that most people use can show, after caniemail.com.

Gmail and Yahoo as web pages, Apple's Mail, and Outlook for Windows, which is Word underneath.
"""

from __future__ import annotations

ALL = frozenset({"gmail", "outlook", "apple", "yahoo"})
NOT_WORD = ALL - {"outlook"}

_SHOWN = "html head meta title style body div table tbody tr td p h1 a bdi strong hr"
ELEMENTS = frozenset(_SHOWN.split())
"""All shown everywhere; `bdi` only groups letters, and where it is unknown its words remain."""

_HONOURED = """
background-color border border-collapse border-color border-left border-top color font-family
font-size font-weight letter-spacing line-height margin padding text-align text-decoration width
"""
_NOT_BY_WORD = """
border-radius display max-height max-width opacity overflow overflow-wrap white-space word-break
"""
PROPERTIES: dict[str, frozenset[str]] = {
    **dict.fromkeys(_HONOURED.split(), ALL),
    **dict.fromkeys(_NOT_BY_WORD.split(), NOT_WORD),
    "-webkit-text-size-adjust": frozenset({"apple"}),
    "mso-hide": frozenset({"outlook"}),
    "mso-padding-alt": frozenset({"outlook"}),
}
"""Who honours which property. What is not listed is not used."""

INSTEAD: dict[str, str] = {
    "border-radius": "corners are square",
    "display": "the button is as wide as its words, in a cell that has its colour",
    "max-height": "mso-hide hides the preview line",
    "max-width": "a table of fixed width for Word alone holds the card",
    "opacity": "mso-hide hides the preview line",
    "overflow": "mso-hide hides the preview line",
    "overflow-wrap": "Word breaks long words by itself",
    "white-space": "the code is short enough for a line",
    "word-break": "Word breaks long words by itself",
    "-webkit-text-size-adjust": "only telephones with Apple's Mail enlarge small words",
    "mso-hide": "the others hide the preview line by its height",
    "mso-padding-alt": "the others honour the padding of the button",
}
"""What is left where a property is not honoured: nothing that anybody needs."""

DISPLAYS = frozenset({"block", "inline-block"})
UNITS = frozenset({"", "px", "%"})

GMAIL_CLIPS_AT = 102 * 1024
GMAIL_DROPS_STYLES_OVER = 8192
"""Octets of a message, and characters of its style element."""

"""Each sentence that a client reads is in every catalogue, and no template says one by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from portal.errors import AddressError
from portal.languages import LANGUAGES, catalogue, direction, translator
from portal.messages import SUBJECTS
from portal.models.address import normalise_email
from portal.starters import _BUTTON, _BUTTONS, _LINK, _OPENINGS, _SHORTS, _SUBJECTS
from portal.web import errors
from portal.web.client import portal

TEMPLATES = Path(__file__).parents[2] / "templates"
STAFF_READ = ("_viewing.html", "read_only.html", "view_over.html")
PAGES = [
    *sorted((TEMPLATES / "messages").glob("*.*t*")),
    *(page for page in sorted((TEMPLATES / "client").iterdir()) if page.name not in STAFF_READ),
    TEMPLATES / "errors" / "error.html",
]
OTHERS = {name for name in LANGUAGES if name != "en"}
VALUE = re.compile(r"%\((\w+)\)s")
SAME = {"%(greeting)s, %(name)s"}
GIVEN = {"one", "words", "title"}
"""Sentences that come from elsewhere: what is wrong with a field, a flash, an error."""
FROM_ELSEWHERE = {
    *(words for pair in errors._WORDS.values() for words in pair),
    *errors._STALE,
    portal._AWAY,
    *(f"Good {part}" for part in ("morning", "afternoon", "evening")),
    "%(greeting)s, %(name)s",
    "That browser is signed out.",
    "Enter the eight digits.",
    "The code has eight digits, such as 4821 9035.",
    "Enter your e-mail address.",
}
ADDRESSES = ("carl", "@x.example", "c@x", "c@1.1", "c@-.example", "c" * 300 + "@x.example")


def sentences(page: Path) -> Iterator[str]:
    """Yield what *page* asks for in `_("…")`; anything else there is not a sentence at all."""
    tree = Environment(autoescape=True).parse(page.read_text())
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            words = call.args[0]
            if isinstance(words, nodes.Const):
                yield words.value
            else:
                assert isinstance(words, nodes.Name), f"{page.name}: only whole sentences"
                assert words.name in GIVEN, f"{page.name} says {words.name}"


def said_by_itself(page: Path) -> list[str]:
    """Return words of *page* that stand outside of `_("…")`."""
    source = re.sub(r"<!--.*?-->|{% block \w+_class %}.*?{% endblock %}", "", page.read_text())
    lexed = Environment().lex(source)
    data = "\0".join(text for _line, kind, text in lexed if kind == "data")
    bare = re.sub(r"<[^>]*>|&\w+;|\{\{|\}\}", " ", data)
    return re.findall(r"[A-Za-z]{2,}[^<\0\n]*", bare)


def all_sentences() -> set[str]:
    found = {sentence for page in PAGES for sentence in sentences(page)}
    found |= {*SUBJECTS.values(), *_SUBJECTS.values(), *_BUTTONS.values(), *_SHORTS.values()}
    found |= {_BUTTON, _LINK, "Hello %(client)s,", "%(staff)s at %(portal)s"}
    found |= FROM_ELSEWHERE | {wrong_with(address) for address in ADDRESSES}
    return found | {sentence for pair in _OPENINGS.values() for sentence in pair}


def wrong_with(address: str) -> str:
    with pytest.raises(AddressError) as raised:
        normalise_email(address)
    return str(raised.value)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_template_says_nothing_that_is_not_translated(page: Path) -> None:
    if page.suffix == ".css":
        return
    assert said_by_itself(page) == []


@pytest.mark.parametrize("language", sorted(OTHERS))
def test_a_catalogue_has_every_sentence_and_no_other(language: str) -> None:
    known, wanted = catalogue(language).sentences, all_sentences()
    assert wanted - set(known) == set()
    assert set(known) - wanted == set()
    for english, other in known.items():
        assert other != english or english in SAME, f"{english!r} is not translated"
        assert sorted(VALUE.findall(english)) == sorted(VALUE.findall(other)), english
        assert not re.search(r"%(?!\(\w+\)s)", other), f"a stray % in {other!r}"


def test_a_value_is_never_read_as_markup_or_as_a_placeholder() -> None:
    _ = translator("de", is_html=True)
    assert _("Hello %(client)s,", client="<b>%(x)s") == "Guten Tag &lt;b&gt;%(x)s,"
    assert translator("en")("Hello %(client)s,", client="<b>") == "Hello <b>,"
    assert direction("ar") == "rtl"
    assert direction("de") == "ltr"

"""Each sentence that is read is in every catalogue, and no template says one by itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from jinja2 import Environment, nodes

from portal.errors import AddressError
from portal.languages import LANGUAGES, catalogue, direction, translator
from portal.messages import SUBJECTS
from portal.models.address import normalise_email
from portal.starters import _BUTTON, _BUTTONS, _LINK, _OPENINGS, _SHORTS, _SUBJECTS
from portal.web import errors
from portal.web.client import portal
from tests.house.sentences import PAGES as DESK_PAGES
from tests.house.sentences import Sentence, in_page, lacking, of_desk, too_many

TEMPLATES = Path(__file__).parents[2] / "templates"
STAFF_READ = ("_viewing.html", "read_only.html", "view_over.html")
PAGES = [
    *sorted((TEMPLATES / "messages").glob("*.*t*")),
    *(page for page in sorted((TEMPLATES / "client").iterdir()) if page.name not in STAFF_READ),
    TEMPLATES / "errors" / "error.html",
]
OTHERS = {name for name in LANGUAGES if name != "en"}
VALUE = re.compile(r"%\((\w+)\)s")
WORD = re.compile("[A-Za-z]{2,}")
STRAY = re.compile(r"%(?!\(\w+\)s)")
TAG = re.compile(r"</?\w+[^>]*>")
DESK = "desk/"
SAME = {"%(greeting)s, %(name)s"}
IN_ATTRIBUTE = re.compile(r'\b(?:title|alt|placeholder|aria-label)="([^"\0]*[A-Za-z]{2}[^"\0]*)')
SENTENCE = re.compile(r"[^\w<#/%]*[A-Z][a-z]|[a-z]+ [a-z]+ [a-z]+[ .]")
NAMES = {"Portico", "HX-Request", "Ann Lee <ann@example.com>"}
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
    return [*re.findall(r"[A-Za-z]{2,}[^<\0\n]*", bare), *IN_ATTRIBUTE.findall(data)]


def given_plainly(page: Path) -> list[str]:
    """Return words that an expression of *page* holds outside of `_("…")` and `"…"|said`."""
    source = page.read_text()
    tree = Environment(autoescape=True).parse(source)
    given = Counter(node.value for node in tree.find_all(nodes.Const) if _is_said(node.value))
    given -= Counter(words for found, _line in in_page(source) for words in _words_of(found))
    return sorted(set(given) - NAMES)


def _is_said(value: object) -> bool:
    return isinstance(value, str) and bool(SENTENCE.match(value))


def _words_of(sentence: Sentence) -> tuple[str, ...]:
    return (sentence,) if isinstance(sentence, str) else sentence


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


@pytest.mark.parametrize("page", DESK_PAGES, ids=lambda page: page.name)
def test_a_page_of_the_desk_says_nothing_that_is_not_translated(page: Path) -> None:
    found = [words for words in said_by_itself(page) if words.strip() not in NAMES]
    assert found + given_plainly(page) == []


@pytest.mark.parametrize("language", sorted(OTHERS))
def test_a_catalogue_has_every_sentence_and_no_other(language: str) -> None:
    known, wanted = catalogue(language).sentences, all_sentences()
    assert wanted - set(known) == set()
    assert set(known) - wanted == set()
    for english, other in known.items():
        assert other != english or english in SAME, f"{english!r} is not translated"
        assert sorted(VALUE.findall(english)) == sorted(VALUE.findall(other)), english
        assert not re.search(r"%(?!\(\w+\)s)", other), f"a stray % in {other!r}"


@pytest.mark.parametrize("language", sorted(OTHERS))
def test_a_catalogue_of_the_desk_has_every_sentence_and_no_other(language: str) -> None:
    known = catalogue(language, DESK)
    assert lacking(language) == ""
    assert too_many(language) == set()
    for sentence in of_desk():
        if isinstance(sentence, tuple):
            check_plural(language, *sentence, known.plurals[sentence[0]])
        else:
            check_sentence(sentence, known.sentences[sentence])


def test_no_sentence_is_a_plural_elsewhere() -> None:
    """A catalogue has one entry for both, which would be wrong in one of them."""
    plurals = {sentence[0] for sentence in of_desk() if isinstance(sentence, tuple)}
    assert plurals & {sentence for sentence in of_desk() if isinstance(sentence, str)} == set()


def check_sentence(english: str, other: str) -> None:
    assert sorted(VALUE.findall(english)) == sorted(VALUE.findall(other)), english
    assert sorted(TAG.findall(english)) == sorted(TAG.findall(other)), english
    assert STRAY.findall(other) == STRAY.findall(english), f"a stray % in {other!r}"
    words = re.findall(r"[^\W\d_]+", TAG.sub("", VALUE.sub("", english)))
    assert len(words) < 4 or other != english, f"{english!r} is not translated"


def check_plural(language: str, one: str, many: str, forms: tuple[str, ...]) -> None:
    assert len(forms) == Catalog(locale=language).num_plurals, one
    in_one, in_many = {"count", *VALUE.findall(one)}, {"count", *VALUE.findall(many)}
    for form in forms:
        assert form, f"{one!r} lacks a form"
        given = {"count", *VALUE.findall(form)}
        assert in_one & in_many <= given <= in_one | in_many, one
        assert TAG.findall(form) == TAG.findall(many), one
        assert not STRAY.search(form), f"a stray % in {form!r}"
    assert "%(count)s" in forms[-1], many


def test_a_value_is_never_read_as_markup_or_as_a_placeholder() -> None:
    _ = translator("de", is_html=True)
    assert _("Hello %(client)s,", client="<b>%(x)s") == "Guten Tag &lt;b&gt;%(x)s,"
    assert translator("en")("Hello %(client)s,", client="<b>") == "Hello <b>,"
    assert direction("ar") == "rtl"
    assert direction("de") == "ltr"

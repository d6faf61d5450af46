"""Each sentence that a client reads is in every catalogue, and no template says one by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from portal.languages import LANGUAGES, catalogue, direction, translator
from portal.messages import SUBJECTS
from portal.starters import _BUTTON, _BUTTONS, _LINK, _OPENINGS, _SHORTS, _SUBJECTS

TEMPLATES = Path(__file__).parents[2] / "templates"
PAGES = sorted((TEMPLATES / "messages").glob("*.*t*"))
OTHERS = {name for name in LANGUAGES if name != "en"}
VALUE = re.compile(r"%\((\w+)\)s")
SAME = {"%(portal)s: %(link)s"}


def sentences(page: Path) -> Iterator[str]:
    """Yield what *page* asks for in `_("…")`; anything else there is not a sentence at all."""
    tree = Environment(autoescape=True).parse(page.read_text())
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            assert isinstance(call.args[0], nodes.Const), f"{page.name}: only whole sentences"
            yield call.args[0].value


def said_by_itself(page: Path) -> list[str]:
    """Return words of *page* that stand outside of `_("…")`."""
    source = re.sub(r"<!--.*?-->", "", page.read_text(), flags=re.DOTALL)
    lexed = Environment().lex(source)
    data = "\0".join(text for _line, kind, text in lexed if kind == "data")
    bare = re.sub(r"<[^>]*>|&\w+;|\{\{|\}\}", " ", data)
    return re.findall(r"[A-Za-z]{2,}[^<\0\n]*", bare)


def all_sentences() -> set[str]:
    found = {sentence for page in PAGES for sentence in sentences(page)}
    found |= {*SUBJECTS.values(), *_SUBJECTS.values(), *_BUTTONS.values(), *_SHORTS.values()}
    found |= {_BUTTON, _LINK, "Hello %(client)s,", "%(staff)s at %(portal)s"}
    return found | {sentence for pair in _OPENINGS.values() for sentence in pair}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_template_says_nothing_that_is_not_translated(page: Path) -> None:
    if page.suffix == ".css":
        return
    assert said_by_itself(page) == []


@pytest.mark.parametrize("language", sorted(OTHERS))
def test_a_catalogue_has_every_sentence_and_no_other(language: str) -> None:
    known, wanted = catalogue(language), all_sentences()
    assert wanted - set(known) == set()
    assert set(known) - wanted == set()
    for english, other in known.items():
        assert other != english, f"{english!r} is not translated"
        assert sorted(VALUE.findall(english)) == sorted(VALUE.findall(other)), english
        assert not re.search(r"%(?!\(\w+\)s)", other), f"a stray % in {other!r}"


def test_a_value_is_never_read_as_markup_or_as_a_placeholder() -> None:
    _ = translator("de", is_html=True)
    assert _("Hello %(client)s,", client="<b>%(x)s") == "Guten Tag &lt;b&gt;%(x)s,"
    assert translator("en")("Hello %(client)s,", client="<b>") == "Hello <b>,"
    assert direction("ar") == "rtl"
    assert direction("de") == "ltr"

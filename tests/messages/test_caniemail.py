"""The built-in messages in the mail programs that people use, by what those are known to show."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup, Comment

from portal.messages import render
from tests.messages import mail_programs
from tests.messages.letters import every_kind, words
from tests.messages.styles import contrast, declarations, rules_of, words_of
from tests.postman import Letter

each_message = pytest.mark.parametrize("name", every_kind())
SCHEMES = ("light", "dark")
ACCENTS = ("#1f6f5c", "#ffe066", "#000000", "#ffffff", "#777777", "#d4145a", "#0a66ff")
WIDEST = 600
READABLE = 4.5
SMALLEST = 14
ONLY_ON_THE_PAGE = frozenset(
    {"address", "are", "browser", "button", "does", "nothing", "open", "opens"}
    | {"press", "pressed", "this", "your"}
)
ONLY_IN_TEXT = frozenset({"its", "link", "open", "opened", "signs"})
"""A page has a heading, and a button where the text has a line of its own."""


@pytest.fixture
def page(sent: dict[str, Letter], name: str) -> BeautifulSoup:
    """The message's HTML part, as it arrived."""
    return BeautifulSoup(sent[name].html, "html.parser")


def styles(page: BeautifulSoup) -> Iterator[tuple[str, str]]:
    """Every property and its value, inline and in the style element."""
    for tag in page.find_all(style=True):
        yield from declarations(str(tag["style"])).items()
    for _at, body in at_rules(page):
        for said in rules_of(body).values():
            yield from said.items()


def at_rules(page: BeautifulSoup) -> list[tuple[str, str]]:
    return re.findall(r"(@[^{]+)\{((?:[^{}]+\{[^{}]*\})*)\s*\}", str(page.style.string))


@each_message
def test_only_elements_that_every_program_shows(page: BeautifulSoup) -> None:
    assert {tag.name for tag in page.find_all(True)} <= mail_programs.ELEMENTS
    scripted = [tag for tag in page.find_all(True) if any(key[:2] == "on" for key in tag.attrs)]
    assert scripted == []
    assert "url(" not in str(page)
    assert "src=" not in str(page)


@each_message
def test_only_properties_that_are_honoured_or_can_be_done_without(page: BeautifulSoup) -> None:
    for name, value in styles(page):
        honoured = mail_programs.PROPERTIES.get(name, frozenset())
        assert honoured, f"nobody has looked who honours {name}"
        assert honoured == mail_programs.ALL or name in mail_programs.INSTEAD, name
        assert name != "display" or value in mail_programs.DISPLAYS
        units = set(re.findall(r"(?<![#\w])-?[\d.]+([a-z%]*)", value))
        assert units <= mail_programs.UNITS, f"{name}: {value}"
        assert "(" not in value, f"{name}: {value}"


@each_message
def test_what_stands_in_the_head_may_be_lost(page: BeautifulSoup) -> None:
    """Gmail drops a style element that is long or odd: all that matters is inline."""
    (sheet,) = page.find_all("style")
    assert len(str(sheet)) <= mail_programs.GMAIL_DROPS_STYLES_OVER
    conditions = {at.strip() for at, _body in at_rules(page)}
    assert conditions == {"@media (max-width: 480px)", "@media (prefers-color-scheme: dark)"}
    assert str(sheet.string).count("{") == sum(body.count("{") + 1 for _at, body in at_rules(page))
    for _at, body in at_rules(page):
        for one in re.findall(r"[a-z-]+: [^;}]+", body):
            assert one.endswith("!important"), f"{one} loses to what is inline"


@each_message
def test_it_says_its_language_and_schemes(page: BeautifulSoup) -> None:
    assert page.html["lang"] == "en"
    assert page.html["dir"] == "ltr"
    assert page.title.get_text().strip()
    metas = {meta.get("name"): meta.get("content") for meta in page.find_all("meta")}
    assert metas["color-scheme"] == metas["supported-color-schemes"] == "light dark"
    assert "width=device-width" in metas["viewport"]
    assert page.find("meta", charset="utf-8")
    assert {table["role"] for table in page.find_all("table")} == {"presentation"}


@each_message
def test_the_inbox_previews_one_whole_sentence(page: BeautifulSoup) -> None:
    first = next(iter(page.body.stripped_strings))
    preheader = page.find(class_="preheader")
    assert preheader.get_text().strip() == first
    assert 40 <= len(first) <= 150
    assert first.endswith(".")


@each_message
def test_it_is_never_wider_than_a_column(page: BeautifulSoup) -> None:
    (ghost,) = [one for one in page.find_all(string=is_comment) if "<table" in one]
    assert ghost.startswith("[if mso]>")
    assert 0 < int(re.search(r'width="(\d+)"', ghost)[1]) <= WIDEST
    card = declarations(page.find(class_="card")["style"])
    assert card["width"] == "100%"
    assert 0 < int(card["max-width"].removesuffix("px")) <= WIDEST
    assert [one for one in page.find_all(True) if one.get("width")] == []
    assert not [value for name, value in styles(page) if name == "width" and "%" not in value]


@each_message
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_word_can_be_read(page: BeautifulSoup, scheme: str) -> None:
    found = list(words_of(page, scheme))
    assert len(found) > 10
    for word in found:
        assert contrast(word.colour, word.ground) >= READABLE, f"{word}"
        assert word.size >= SMALLEST, f"{word}"
    colours = {word.ground for word in found}
    assert ("#121413" in colours) is (scheme == "dark")


@pytest.mark.parametrize("accent", ACCENTS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_accent_can_be_read(accent: str, scheme: str) -> None:
    page = BeautifulSoup(render(words("self", accent=accent)).html, "html.parser")
    (button,) = [word for word in words_of(page, scheme) if word.text == "Sign in"]
    assert button.ground == accent
    assert contrast(button.colour, button.ground) >= READABLE


@each_message
def test_gmail_does_not_clip_it(sent: dict[str, Letter], name: str) -> None:
    assert len(sent[name].raw) < mail_programs.GMAIL_CLIPS_AT / 4


@each_message
def test_both_parts_say_the_same(sent: dict[str, Letter], page: BeautifulSoup, name: str) -> None:
    page.find(class_="preheader").decompose()
    said, written = in_words(page.body.get_text(" ")), in_words(sent[name].text)
    assert said - written <= ONLY_ON_THE_PAGE
    assert written - said <= ONLY_IN_TEXT
    links = {tag["href"] for tag in page.find_all("a")}
    assert links == set(re.findall(r"https://\S+", sent[name].text))


def is_comment(text: object) -> bool:
    return isinstance(text, Comment)


def in_words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]{3,}", text.lower()))

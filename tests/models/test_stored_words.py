"""Stored words: what was written down in English is said to its reader in their language."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from flask import Flask

from portal.languages import _, in_english, translator
from portal.stored_words import _WITH_VALUES, _patterns, _stored, stored

CODE = Path(__file__).parents[2] / "portal"
VALUE = re.compile(r"%\((\w+)\)s")
GERMAN = {"Accept-Language": "de"}


def written() -> set[str]:
    """Return every sentence with values that the code writes, each value as `{}`."""
    found = set()
    for path in CODE.rglob("*.py"):
        if path.name == "stored_words.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = (getattr(one, "value", "{}") for one in node.values)
                found.add("".join(one if isinstance(one, str) else "{}" for one in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(VALUE.sub("{}", node.value))
    return found


def test_each_is_a_sentence_that_the_code_still_writes() -> None:
    assert {VALUE.sub("{}", words) for words in _WITH_VALUES} - written() == set()


@pytest.mark.parametrize("words", _WITH_VALUES)
def test_each_is_known_again_with_its_values(words: str) -> None:
    values = {name: f"the {name}" for name in VALUE.findall(words)}
    known = [one for one in _patterns() if one.shape.fullmatch(words % values)]
    assert [one.words for one in known] == [words]
    found = known[0].shape.fullmatch(words % values)
    assert found
    assert found.groupdict() == values


def test_values_are_said_too_and_names_are_left() -> None:
    german = translator("de")
    nested = "The phone number is left out. This number is too long or too short for its country."
    why = german("This number is too long or too short for its country.")
    said = german("The phone number is left out. %(why)s", why=why)
    assert _stored("de", nested) == said
    assert _stored("de", "Sign in took it back.") == german("%(who)s took it back.", who="Sign in")
    assert _stored("de", "550 5.1.1 No such user.") == "550 5.1.1 No such user."


def test_a_request_has_a_reader_and_what_it_stores_has_none(app: Flask) -> None:
    assert stored("Sign in") == _("Sign in") == "Sign in"
    with app.test_request_context("/admin/", headers=GERMAN):
        assert stored("Sign in") == _("Sign in") == translator("de")("Sign in") != "Sign in"
        with in_english():
            assert stored("Sign in") == _("Sign in") == "Sign in"

"""Sentences of ours that were stored in English, in the language of whoever reads them now."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from portal.languages import in_a_row, mark, reader, translator

_WITH_VALUES = (
    mark("%(who)s took it back."),
    mark("%(who)s cancelled the run."),
    mark("Sent by %(channel)s instead."),
    mark("The channel %(channel)s is not installed."),
    mark("The %(channel)s plugin failed (%(error)s)."),
    mark("The %(channel)s plugin ended the worker process (%(error)s)."),
    mark("The provider did not answer within %(seconds)s seconds."),
    mark("%(channel)s could not send it and did not say why."),
    mark("The contact has no %(address)s. Add one, or send by another channel."),
    mark("The provider took the message to %(address)s."),
    mark("Look at: %(titles)s."),
    mark("Type a day from 1 to %(max)s."),
    mark("Did they mean %(address)s?"),
    mark("The phone number is left out. %(why)s"),
    mark("The access of %(who)s has ended. Extend it first, then try again."),
    mark("%(who)s is suspended. Restore their access first, then try again."),
    mark("%(who)s is revoked. Restore their access first, then try again."),
    mark(
        "It has %(cells)s cells, and there are %(columns)s columns: put quotation marks around a "
        "cell that holds the separator."
    ),
)
"""What comes with its values in it; a provider's own words look like none of these."""
_LISTED = "titles"
_AS_IT_IS = {"who"}


class _Pattern(NamedTuple):
    words: str
    shape: re.Pattern[str]


def stored(words: str) -> str:
    """Return what was stored, if it is a sentence of ours, as the reader says it."""
    return _stored(reader(), words)


@lru_cache(maxsize=4096)
def _stored(language: str, words: str) -> str:
    if language == "en" or not words:
        return words
    say = translator(language)
    found = say(words)
    if found != words:
        return found
    for pattern in _patterns():
        if match := pattern.shape.fullmatch(words):
            said = {name: _value(language, name, text) for name, text in match.groupdict().items()}
            return say(pattern.words, **said)
    return words


def _value(language: str, name: str, text: str) -> str:
    if name in _AS_IT_IS:
        return text
    if name == _LISTED:
        return in_a_row([_stored(language, one) for one in text.split(", ")], language)
    return _stored(language, text)


@cache
def _patterns() -> tuple[_Pattern, ...]:
    return tuple(_Pattern(words, _shape(words)) for words in _WITH_VALUES)


def _shape(words: str) -> re.Pattern[str]:
    pattern = re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+?)", re.escape(words))
    return re.compile(pattern, re.DOTALL)

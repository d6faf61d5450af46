"""Checks what hooks answer: a wrong type is the plugin's fault, and is found at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import click
import flask

from portal.channel import Channel, Section
from portal.plugins.whole import check_channel

SECTION_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
MESSAGE_WORDS = ("greeting", "closing")
LONGEST_LINE = 500


def channels(answer: Any) -> list[Channel]:
    """Return the channels of *answer*. Raises TypeError or ValueError that says what is wrong."""
    found = _listed(answer, Channel, "portal_channels must list objects of subclasses of Channel")
    for channel in found:
        check_channel(channel)
    return found


def sections(answer: Any) -> list[Section]:
    found = _listed(answer, Section, "portal_sections must list Sections")
    for section in found:
        if not isinstance(section.name, str) or not SECTION_NAME.fullmatch(section.name):
            raise ValueError(f"a section's name must be a short slug, not {section.name!r}")
        if not isinstance(section.title, str) or not isinstance(section.summary, str):
            raise TypeError(f"the title and summary of the section {section.name} must be text")
    return found


def commands(answer: Any) -> list[click.Command]:
    return _listed(answer, click.Command, "portal_commands must list click commands")


def blueprint(answer: Any) -> flask.Blueprint | None:
    if answer is not None and not isinstance(answer, flask.Blueprint):
        raise TypeError(
            f"portal_blueprint must answer with a Blueprint or None, not {answer!r:.80}"
        )
    return answer


def message_words(answer: Any) -> dict[str, str]:
    """Return the lines of *answer* that a message can take, each on one line."""
    if answer is None:
        return {}
    if not isinstance(answer, Mapping):
        raise TypeError(f"portal_message_context must answer with a mapping, not {answer!r:.80}")
    if strange := [name for name in answer if name not in MESSAGE_WORDS]:
        raise ValueError(f"there is no word {strange[0]!r}; use {' and '.join(MESSAGE_WORDS)}")
    if not all(isinstance(line, str) for line in answer.values()):
        raise TypeError("the words of portal_message_context must be text")
    lines = {name: " ".join(line.split()) for name, line in answer.items()}
    if any(len(line) > LONGEST_LINE for line in lines.values()):
        raise ValueError(
            f"a line of portal_message_context has more than {LONGEST_LINE} characters"
        )
    return {name: line for name, line in lines.items() if line and "://" not in line}


def choice(answer: Any, known: tuple[str, ...]) -> str | None:
    if answer is None:
        return None
    if not isinstance(answer, str):
        raise TypeError(
            f"portal_choose_channel must answer with a channel's id, not {answer!r:.80}"
        )
    if answer not in known:
        raise ValueError(f"the channel {answer!r:.80} cannot carry this; use {', '.join(known)}")
    return answer


def veto(answer: Any) -> str:
    if answer is None:
        return ""
    if not isinstance(answer, str):
        raise TypeError(
            f"portal_before_send must answer with a sentence or None, not {answer!r:.80}"
        )
    return " ".join(answer.split())[:LONGEST_LINE]


def html(answer: Any) -> str:
    if not isinstance(answer, str):
        raise TypeError(f"a section's render must answer with text, not {answer!r:.80}")
    return answer


def nothing(_answer: Any) -> None:
    """What an observer answers is not used."""


def _listed(answer: Any, kind: type[Any], rule: str) -> list[Any]:
    if answer is None:
        return []
    if isinstance(answer, (str, bytes, Mapping)) or not isinstance(answer, Iterable):
        raise TypeError(f"{rule}, not {answer!r:.80}")
    found = list(answer)
    for one in found:
        if not isinstance(one, kind):
            raise TypeError(f"{rule}, not {one!r:.80}")
    return found

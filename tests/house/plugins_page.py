"""The reference of docs/plugins.md: `python -m tests.house.plugins_page` brings it up to date."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from portal import channel, hookspecs, testing
from portal.channel import kinds
from portal.plugins.guard import LIMITS, USUAL_LIMIT
from portal.testing import ChannelContract

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
MARK = "## Reference\n"
INTRO = """
What follows is made from the docstrings of `portal.hookspecs`, `portal.channel` and
`portal.testing`. Mark each implementation of a hook with `@hookimpl` from `portal.hookspecs`; it
may leave out arguments that it does not need.
"""
ERRORS = (
    channel.ChannelError,
    channel.TemporaryError,
    channel.PermanentError,
    channel.AuthenticationError,
    channel.AmbiguousError,
    channel.ForgedError,
)
GIVEN = (channel.SendRequest, channel.Message, channel.ReceiptRequest, channel.Operator,
         channel.AccountInfo, channel.DeliveryInfo, channel.EventInfo, channel.Section,
         channel.SectionRequest)  # fmt: skip
ANSWERED = (channel.Sent, channel.Receipt, channel.Report, channel.Finding)


def refreshed(page: str) -> str:
    """Return *page* with a reference that says what the code says."""
    before, _mark, _old = page.partition(MARK)
    return before + MARK + INTRO + "\n" + "\n\n".join(_parts()) + "\n"


def _parts() -> Iterator[str]:
    yield "### Hooks"
    for name, hook in vars(hookspecs).items():
        if name.startswith("portal_"):
            yield from _hook(name, hook)
    yield "### Channel"
    yield from _class(channel.Channel)
    yield "### Caps"
    yield from _fields(channel.Caps)
    for kind in (channel.Settings, channel.SettingsForm):
        yield f"### {kind.__name__}"
        yield _words(kind)
    for fields in (*GIVEN, *ANSWERED):
        yield f"### {fields.__name__}"
        yield from _fields(fields)
    yield "### Errors"
    yield "\n".join(f"- `{error.__name__}`: {_line(error)}" for error in ERRORS)
    yield "### Causes"
    yield _causes()
    yield "### ChannelContract"
    yield _words(ChannelContract)
    yield "\n".join(f"- {words}" for words in _tests())
    for kind in (testing.ScriptedServer, testing.ScriptedMailServer):
        yield f"### {kind.__name__}"
        yield _words(kind)
    for fields in (testing.Answer, testing.Call):
        yield f"### {fields.__name__}"
        yield from _fields(fields)
    yield "### What else may happen"
    others = (testing.Hang, testing.Reset, testing.Garbage, testing.Moved)
    yield "Instead of an `Answer`, all from `portal.testing`:"
    yield "\n".join(f"- `{one.__name__}()`: {_line(one)}" for one in others)


def _hook(name: str, hook: Callable[..., Any]) -> Iterator[str]:
    yield f"### {name}"
    yield f"`{_signature(name, hook)}`"
    yield _words(hook)
    yield f"Time limit: {LIMITS.get(name, USUAL_LIMIT):g} seconds."


def _class(kind: type[Any]) -> Iterator[str]:
    yield _words(kind)
    yield "\n".join(f"- `{name}`: {words}" for name, words in _notes(kind))
    for name, verb in vars(kind).items():
        if inspect.isfunction(verb) and not name.startswith("_"):
            yield f"`{_signature(name, verb)}`"
            yield _words(verb)


def _fields(kind: type[Any]) -> Iterator[str]:
    yield _words(kind)
    rows = ["| field | type | default |", "|---|---|---|"]
    for field in dataclasses.fields(kind):
        typed = str(field.type).replace("|", "\\|")
        rows.append(f"| `{field.name}` | `{typed}` | {_default(field)} |")
    yield "\n".join(rows)


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return f"`{field.default_factory()!r}`"
    if field.default is dataclasses.MISSING:
        return ""
    if isinstance(field.default, frozenset):
        return ", ".join(f"`{one}`" for one in sorted(field.default))
    return f"`{field.default!r}`".replace("'", '"')


def _notes(kind: type[Any]) -> list[tuple[str, str]]:
    """Return (attribute, the string that stands below it)."""
    below = re.compile(r'^    (\w+): [^\n]*\n    """(.*?)"""', re.MULTILINE | re.DOTALL)
    found = below.findall(inspect.getsource(kind))
    return [(name, " ".join(words.split())) for name, words in found]


def _causes() -> str:
    source = inspect.getsource(kinds)
    words = source.partition("Cause = Literal[")[2].partition('"""')[2].partition('"""')[0]
    return inspect.cleandoc(words)


def _tests() -> Iterator[str]:
    for name, test in vars(ChannelContract).items():
        if name.startswith("test_"):
            yield _line(test)


def _signature(name: str, function: Callable[..., Any]) -> str:
    found = inspect.signature(function)
    given = [f"{one.name}: {one.annotation}" for one in found.parameters.values()
             if one.name != "self"]  # fmt: skip
    return f"{name}({', '.join(given)}) -> {found.return_annotation}"


def _line(thing: Any) -> str:
    return " ".join(_words(thing).split())


def _words(thing: Any) -> str:
    return inspect.cleandoc(thing.__doc__ or "")


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text()))

"""Every sentence of the desk, from the code, the templates and the settings of our channels.

`python -m tests.house.sentences de` prints what the desk's catalogue for German still lacks, ready
to be filled in, and what it has that nobody says any more.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from jinja2 import Environment, nodes
from portal_apprise.channel import Messenger

from portal.channel import Channel
from portal.languages import catalogue
from portal_clipboard import Clipboard
from portal_email import meanings
from portal_email.channel import Email
from portal_sms.channel import Sms

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
CLIENT_PAGES = ("_viewing.html", "read_only.html", "view_over.html")
"""Pages of the portal that only staff ever see."""
PAGES = [
    *sorted((TEMPLATES / "admin").glob("*.html")),
    *(TEMPLATES / "client" / name for name in CLIENT_PAGES),
    *(TEMPLATES / name for name in ("_macros.html", "base.html")),
]
CHANNELS: tuple[type[Channel], ...] = (Clipboard, Email, Messenger, Sms)
PLUGINS = [ROOT / "plugins" / kind.__module__.partition(".")[0] for kind in CHANNELS]
COUNTRIES = {*Locale("en").territories.values()}
"""Names that every language has in the data of Unicode's CLDR."""
SAYS = {"_": 1, "mark": 1, "_n": 2}
"""What says a sentence, and how many of its first words are ours: of a plural, one and many."""

Sentence = str | tuple[str, str]
Place = tuple[str, int]


@cache
def of_desk() -> dict[Sentence, list[Place]]:
    """Return every sentence that the catalogues of the desk need, with the places that say it."""
    found: dict[Sentence, list[Place]] = defaultdict(list)
    for path in sorted((ROOT / "portal").rglob("*.py")):
        for sentence, line in in_code(path.read_text()):
            found[sentence].append((str(path.relative_to(ROOT)), line))
    for path in PAGES:
        for sentence, line in in_page(path.read_text()):
            found[sentence].append((str(path.relative_to(ROOT)), line))
    for kind in CHANNELS:
        for sentence in in_channel(kind):
            found[sentence].append((f"plugins/{kind.__module__.partition('.')[0]}", 0))
    for folder in PLUGINS:
        for sentence, place, line in in_plugin(folder):
            found[sentence].append((place, line))
    for meaning in _meanings():
        found[f"The mail server {meaning}."].append(("plugins/portal_email/meanings.py", 0))
    of_clients = catalogue("de")
    known = {*of_clients.sentences, *(one[0] for one in found if isinstance(one, tuple))}
    # What is said alone, too, is the first form of the plural.
    return {
        one: at
        for one, at in found.items()
        if one not in known and _key(one) not in of_clients.sentences
    }


def in_code(source: str) -> Iterator[tuple[Sentence, int]]:
    """Yield what Python code says. Raises SyntaxError for a sentence that is put together."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in SAYS:
            given = call.args[: SAYS[call.func.id]]
            if any(isinstance(one, ast.JoinedStr | ast.BinOp) for one in given):
                raise SyntaxError(f"line {call.lineno}: only whole sentences, with %(values)s")
            for words in _each([_of_code(one) for one in given]):
                yield words, call.lineno


def in_page(source: str) -> Iterator[tuple[Sentence, int]]:
    """Yield what a template says. Raises SyntaxError for a sentence that is put together."""
    tree = Environment(autoescape=True).parse(source)
    for call in tree.find_all((nodes.Call, nodes.Filter)):
        if isinstance(call, nodes.Filter):
            given = [call.node] if call.name == "said" else []
        elif isinstance(call.node, nodes.Name) and call.node.name in SAYS:
            given = call.args[: SAYS[call.node.name]]
            if any(isinstance(one, nodes.Concat | nodes.Add | nodes.Mod) for one in given):
                raise SyntaxError(f"line {call.lineno}: only whole sentences, with %(values)s")
        else:
            continue
        for words in _each([_of_page(one) for one in given]):
            yield words, call.lineno


def in_channel(kind: type[Channel]) -> Iterator[str]:
    """Yield what the settings of a channel say: its fields, their hints, choices and groups."""
    yield from filter(None, (kind.name, kind.address_label))
    for field in kind.SettingsForm() if kind.SettingsForm else ():
        said = (field.label.text, field.description, (field.render_kw or {}).get("data-group"))
        yield from (str(words) for words in said if words)
        for choice in getattr(field, "choices", None) or ():
            label = str(choice.label if hasattr(choice, "label") else choice[1])
            if label not in COUNTRIES:
                yield label


def in_plugin(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Yield each whole sentence in the code of a built-in plugin, with its place: they are what a
    message failed with, what a check found, and what is wrong with a setting."""
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text())
        aside = {*_docstrings(tree), *_parts(tree), *_of_nobody(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and node not in aside and _is_sentence(node.value):
                yield node.value, str(path.relative_to(ROOT)), node.lineno
            elif isinstance(node, ast.Call) and _name(node) in ("Finding", "_add"):
                title = node.args[1] if len(node.args) > 1 else None
                if isinstance(title, ast.Constant) and not title.value.isupper():
                    yield title.value, str(path.relative_to(ROOT)), node.lineno


def _docstrings(tree: ast.Module) -> Iterator[ast.AST]:
    return (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))


def _parts(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the pieces of sentences with values in them."""
    joined = (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr))
    return (piece for node in joined for piece in node.values)


def _of_nobody(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield what is said of a forged receipt: it is thrown away, and no page shows it."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return (given for call in calls if _name(call) == "ForgedError" for given in call.args)


def _is_sentence(words: object) -> bool:
    is_whole = isinstance(words, str) and re.fullmatch(r"[A-Z][^\n]*[a-z] [^\n]+\.", words)
    return bool(is_whole) and "\0" not in str(words)


def _name(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def _meanings() -> Iterator[str]:
    """Yield what "The mail server" does, as a reply of it is understood."""
    several = (meanings.ENHANCED, meanings.BASIC, meanings.BY_STAGE)
    yield from (one.words for known in several for one in known.values())
    yield from (one.words for _pattern, one in meanings.TELLING)


def lacking(language: str) -> str:
    """Return PO entries to be filled in: what the desk's catalogue of *language* lacks."""
    known = _known(language)
    form = Catalog(locale=language)
    for sentence, at in of_desk().items():
        if _key(sentence) not in known:
            empty = ("",) * form.num_plurals if isinstance(sentence, tuple) else ""
            form.add(sentence, empty, locations=at)
    out = io.BytesIO()
    write_po(out, form, omit_header=True, width=100)
    return out.getvalue().decode()


def too_many(language: str) -> set[str]:
    """Return what the desk's catalogue of *language* has although nobody says it."""
    return _known(language) - {_key(sentence) for sentence in of_desk()}


def _known(language: str) -> set[str]:
    of_staff = catalogue(language, "desk/")
    return {*of_staff.sentences, *of_staff.plurals}


def _key(sentence: Sentence) -> str:
    return sentence if isinstance(sentence, str) else sentence[0]


def _each(given: list[list[str]]) -> Iterator[Sentence]:
    """Yield the sentence of each way in which the arguments can come out."""
    if len(given) == 2:
        yield from zip(*given, strict=True)
    elif given:
        yield from given[0]


def _of_code(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return _of_code(node.body) + _of_code(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _of_page(node: nodes.Node) -> list[str]:
    if isinstance(node, nodes.CondExpr) and node.expr2:
        return _of_page(node.expr1) + _of_page(node.expr2)
    return [node.value] if isinstance(node, nodes.Const) and isinstance(node.value, str) else []


if __name__ == "__main__":
    spoken = sys.argv[1]
    sys.stdout.write(lacking(spoken))
    for gone in sorted(too_many(spoken)):
        sys.stderr.write(f"Nobody says this any more: {gone!r}\n")

"""Rules over the whole program: what exists is written down, small and in its place."""

from __future__ import annotations

import ast
import inspect
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal import hookspecs
from tests.house import plugins_page
from tests.house.settings_page import PAGE, facts, refreshed, written

ROOT = Path(__file__).parents[2]
PRODUCT = sorted(
    path
    for folder in ("portal", "plugins")
    for path in (ROOT / folder).rglob("*.py")
    if "tests" not in path.parts
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
LONGEST_FILE, LONGEST_FUNCTION = 400, 60
# Written in pieces, so that this file does not hold what it forbids.
FORBIDDEN = {
    "a folder of one machine": re.compile(r"(?<![\w./-])/(?:" + "wo" + r"rk|ro" + r"ot|home)/\w"),
    "a registry's host": re.compile(
        "|".join([r"files\.python" + "hosted", r"py" + r"pi\.org/simple", "arti" + "factory"])
    ),
    "work left undone": re.compile(r"\b(?:TO" + "DO|FIX" + "ME|X" + r"XX)\b"),
    "one's own tools": re.compile(
        r"\b(?:cl" + "aude|chat" + r"gpt|co" + r"pilot)\b", re.IGNORECASE
    ),
}
TEXT = {".cfg", ".css", ".html", ".js", ".mako", ".md", ".py", ".sh", ".svg", ".toml", ".txt", ""}
NOT_OURS = ("vendor/", ".min.js", "LICENSE")


def tracked() -> list[Path]:
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if name]
    folders = ("portal", "plugins", "templates", "migrations", "tests", "docs")
    return [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node


def test_each_setting_is_documented_with_its_default_and_bounds() -> None:
    """Run `python -m tests.house.settings_page` when this fails, and say in words what is new."""
    page = PAGE.read_text()
    assert written(page) == facts()
    assert refreshed(page) == page


def test_each_setting_is_explained_in_words() -> None:
    parts = re.split(r"^### (\w+)$", PAGE.read_text(), flags=re.MULTILINE)[1:]
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        words = body.split("\n## ")[0].partition("Default: ")[2].partition("\n\n")[2]
        assert len(words.split()) >= 4, name
        assert words.strip().endswith("."), name


def hooks() -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(hook).parameters)
        for name, hook in vars(hookspecs).items()
        if name.startswith("portal_")
    }


def test_the_reference_of_plugins_says_what_the_code_says() -> None:
    """Run `python -m tests.house.plugins_page` when this fails."""
    page = plugins_page.PAGE.read_text()
    assert plugins_page.refreshed(page) == page


@pytest.mark.parametrize("name", hooks())
def test_each_hook_is_explained_and_tried(name: str) -> None:
    hook = getattr(hookspecs, name)
    assert len((hook.__doc__ or "").split()) > 8, f"{name} has no docstring"
    page = (ROOT / "docs" / "plugins.md").read_text()
    explained = page.partition(f"### {name}\n")[2].partition("\n### ")[0]
    assert explained, f"{name} is not in docs/plugins.md"
    for argument in hooks()[name]:
        assert re.search(rf"\b{argument}\b", explained), f"{name} does not explain {argument}"
        assert argument in (hook.__doc__ or ""), f"{name}'s docstring is silent on {argument}"
    tried = [path for path in (ROOT / "tests").rglob("test_*.py") if f"def {name}(" in
             path.read_text()]  # fmt: skip
    assert tried, f"no test implements {name}"


def test_modules_call_downwards_only() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr


def test_files_and_functions_stay_small() -> None:
    """What the best codebases share, with some room: see the medians before making one longer."""
    lengths = {path: len(path.read_text().splitlines()) for path in PRODUCT}
    ordered = sorted(lengths.values())
    assert statistics.median(ordered) <= 90
    assert ordered[len(ordered) * 9 // 10] <= 260
    assert [str(path) for path, lines in lengths.items() if lines > LONGEST_FILE] == []
    bodies = [
        (path.name, node.name, (node.end_lineno or 0) - node.lineno + 1)
        for path in PRODUCT
        for node in functions(path)
    ]
    assert statistics.median(lines for *_name, lines in bodies) <= 10
    assert [body for body in bodies if body[2] > LONGEST_FUNCTION] == []


def test_modules_say_what_they_are_for() -> None:
    for path in PRODUCT:
        doc = ast.get_docstring(ast.parse(path.read_text()))
        assert doc, f"{path} does not say what it is for"
        assert doc.split("\n\n")[0].endswith((".", "…")), path


def test_every_journey_is_one_transaction_or_says_why_not() -> None:
    flows = sorted((ROOT / "portal" / "flows").glob("[a-z]*.py"))
    assert len(flows) > 8
    for path in flows:
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            is_atomic = any(isinstance(one, ast.Name) and one.id == "atomic"
                            for one in node.decorator_list)  # fmt: skip
            writes = any(isinstance(one, ast.Attribute) and one.attr in ("commit", "flush", "add")
                         for one in ast.walk(node))  # fmt: skip
            assert is_atomic or not writes, f"{path.name}: {node.name} writes and is not atomic"
            assert is_atomic or ast.get_docstring(node) or len(node.body) < 4, (
                f"{path.name}: {node.name} is no transaction and does not say why"
            )


def test_nothing_of_a_workplace_is_in_the_repository() -> None:
    found = []
    for path in tracked():
        name = str(path.relative_to(ROOT))
        if path.suffix not in TEXT or not path.is_file() or any(one in name for one in NOT_OURS):
            continue
        text = path.read_text(errors="replace")
        found += [f"{name}: {what}: {match[0]}" for what, pattern in FORBIDDEN.items()
                  if (match := pattern.search(text))]  # fmt: skip
    assert found == []


def test_every_address_that_a_template_asks_for_exists(make_app: object, app: Flask) -> None:
    known = {rule.endpoint for rule in app.url_map.iter_rules()} | {
        "mailbox.index",
        "mailbox.messages",
        "mailbox.message",
        "mailbox.text",
        "mailbox.html",
        "mailbox.raw",
        "mailbox.delete",
    }
    asked = {
        (path.name, endpoint)
        for path in TEMPLATES
        for endpoint in re.findall(r"url_for\(\s*[\"']([\w.]+)[\"']", path.read_text())
    }
    assert len(asked) > 30
    assert [one for one in sorted(asked) if one[1].removeprefix(".") not in known] == []

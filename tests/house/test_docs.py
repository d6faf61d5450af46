"""What the documentation says is true: links lead somewhere, names exist, samples run."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask

from portal import channel, checks, hookspecs
from portal.channel import Caps, Operator, Section, SectionRequest, SendRequest, Sent
from portal.cli import portal
from portal.config import Settings, variable
from portal.db import db
from portal.testing import Answer, ScriptedServer
from tests import cast
from tests.cast import Client, Staff, Stranger

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|[\s/(])portal ((?:[a-z]+(?: |$))+)(.*)", re.MULTILINE)
OPTION = re.compile(r"--[a-z-]+")

each_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    return FENCE.sub("", read(page))


def samples(page: Path, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(read(page)) if kind == language]


def code(page: Path) -> str:
    """All that stands in code blocks and between backticks, a line each."""
    blocks = [body for _kind, body in FENCE.findall(read(page))]
    return "\n".join([*blocks, *SPAN.findall(prose(page))])


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of *page*."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {word.strip().replace(" ", "-") for word in words}


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link}: there is no {path}"
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        assert not anchor or anchor in anchors(target), f"{link}: no heading makes #{anchor}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    found, left = set(), [ROOT / "README.md"]
    while left:
        page = left.pop()
        if page in found or page.suffix != ".md":
            continue
        found.add(page)
        links = (link.partition("#")[0] for link in LINK.findall(prose(page)))
        left += [(page.parent / link).resolve() for link in links if link and "://" not in link]
    assert {*PAGES} <= found


@each_page
def test_commands_exist_with_their_options(page: Path) -> None:
    for words, rest in COMMAND.findall(code(page)):
        command = find_command(words.split())
        known = {option for parameter in command.params for option in parameter.opts}
        assert {*OPTION.findall(rest)} <= known, f"portal {words}{rest}"


def find_command(words: list[str]) -> click.Command:
    command: click.Command = portal
    for word in words:
        if not isinstance(command, click.Group):
            break
        found = command.get_command(click.Context(command), word)
        assert found is not None, f"there is no command portal {' '.join(words)}"
        command = found
    return command


@each_page
def test_settings_exist(page: Path) -> None:
    known = {variable(name) for name in Settings.model_fields}
    named = set(re.findall(r"PORTAL_[A-Z_]*[A-Z]", read(page)))
    assert named <= known, f"no settings: {sorted(named - known)}"


@each_page
def test_settings_shown_as_samples_are_accepted(page: Path) -> None:
    for block in samples(page, "sh"):
        lines = (line.partition("    #")[0] for line in block.splitlines())
        pairs = re.findall(
            r"^(?:export )?PORTAL_(\w+)=(\S+)$", "\n".join(map(str.rstrip, lines)), re.MULTILINE
        )
        given = {name.lower(): value.strip("'\"") for name, value in pairs}
        if given:
            shown = Settings(**given).model_dump()
            assert given.items() <= {name: as_text(value) for name, value in shown.items()}.items()


def as_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


@each_page
def test_make_targets_exist(page: Path) -> None:
    targets = re.search(r"^\.PHONY: (.*)$", read(ROOT / "Makefile"), re.MULTILINE)
    assert targets
    named = re.findall(r"(?:^| )make ([a-z]+)", code(page), re.MULTILINE)
    assert {*named} <= {*targets[1].split()}


@pytest.mark.parametrize("name", ["docs/journeys.md", "CONTRIBUTING.md", "docs/delivery.md"])
def test_files_named_exist(name: str) -> None:
    paths = re.findall(
        r"^(?:portal|plugins|templates|migrations|docs|tests)/[\w./-]+$",
        "\n".join(SPAN.findall(prose(ROOT / name))),
        re.MULTILINE,
    )
    assert paths
    for path in paths:
        assert (ROOT / path).exists(), f"there is no {path}"


def test_what_journeys_name_exists_in_the_files_they_name() -> None:
    text = prose(DOCS / "journeys.md")
    spans = re.findall(r"`([A-Z]\w+)\.(\w+)`", text)
    models = "\n".join(read(path) for path in (ROOT / "portal" / "models").glob("*.py"))
    for owner, verb in spans:
        assert f"class {owner}(" in models, owner
        assert f"def {verb}(" in models, f"{owner}.{verb}"


def test_help_uses_the_labels_that_stand_on_the_pages() -> None:
    pages = [read(path) for path in (ROOT / "templates").rglob("*.html")]
    sources = [
        path for name in ("web", "verdict") for path in (ROOT / "portal" / name).rglob("*.py")
    ]
    words = [literals(path) for path in sources]
    shown = "\n".join([*pages, *words])
    labels = set(re.findall(r"\*\*(.+?)\*\*", read(DOCS / "help.md")))
    assert len(labels) > 40
    assert [label for label in sorted(labels) if label not in shown] == []


def literals(path: Path) -> str:
    """The strings of a module without its docstrings, which nobody sees on a page."""
    tree = ast.parse(read(path))
    unseen = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return "\n".join(str(one.value) for one in constants if id(one) not in unseen)


def test_decisions_are_numbered_and_listed() -> None:
    names = sorted(path.name for path in (DOCS / "decisions").iterdir())
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert [name for name in names if f"decisions/{name}" not in read(DOCS / "index.md")] == []


def test_the_contract_of_plugins_is_written_down() -> None:
    text = read(DOCS / "plugins.md")
    hooks = [name for name in vars(hookspecs) if name.startswith("portal_")]
    assert [name for name in hooks if f"### {name}\n" not in text] == []
    kinds: list[Any] = [Caps, Operator, Section, SectionRequest, SendRequest, Sent]
    fields = [field.name for kind in kinds for field in dataclasses.fields(kind)]
    verbs = [name for name in vars(channel.Channel) if not name.startswith("_")]
    raised = [name for name in vars(channel) if name.endswith("Error") and name != "ChannelError"]
    for name in {*fields, *verbs, *raised}:
        assert re.search(rf"`{name}[(`]", text), f"{name} is not in docs/plugins.md"


@each_page
def test_python_samples_can_be_read(page: Path) -> None:
    for sample in samples(page, "python"):
        ast.parse(sample)
        assert max(map(len, sample.splitlines())) <= 100


def test_the_sql_of_the_documents_runs(app: Flask) -> None:
    statements = [*samples(DOCS / "links.md", "sql"), samples(DOCS / "deploy.md", "sql")[-1]]
    assert len(statements) == 2
    with app.app_context():
        for statement in statements:
            values = dict.fromkeys(re.findall(r"(?<!:):([a-z_]+)", statement))
            db.session.execute(db.text("EXPLAIN " + statement.strip().rstrip(";")), values)


def test_the_story_told_to_contributors_is_true(
    ada: Staff, carl: Client, mallory: Stranger
) -> None:
    story = vars(cast).copy()
    exec(samples(ROOT / "CONTRIBUTING.md", "python")[0], story)  # our own words
    story["test_an_invited_client_gets_in_once"](ada, carl, mallory)


@pytest.fixture
def drop_in(tmp_path: Path) -> Callable[[str, str], None]:
    """Put a plugin into the folder of the test's PORTAL_HOME."""

    def drop(name: str, text: str) -> None:
        folder = tmp_path / "plugins"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)

    return drop


@pytest.mark.usefixtures("database")
def test_the_plugin_of_the_readme_gives_the_portal_a_section(
    drop_in: Callable[[str, str], None], request: pytest.FixtureRequest
) -> None:
    drop_in("papers.py", samples(ROOT / "README.md", "python")[0])
    sol, carl = request.getfixturevalue("sol"), request.getfixturevalue("carl")
    sol.adds(carl.name, carl.email)
    link = sol.generates_link(carl.email, section="papers")
    page = carl.opens(link).sees("go straight to Papers").presses("Sign in")
    page.sees("Your contract is being prepared.")
    carl.home().sees("Papers", "Contracts and invoices")


def relay_plugin() -> str:
    return samples(DOCS / "plugins.md", "python")[0]


def test_the_channel_of_the_documents_is_short() -> None:
    assert len(relay_plugin().splitlines()) < 30


@pytest.mark.usefixtures("database", "collected")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_channel_of_the_documents_sends(
    drop_in: Callable[[str, str], None],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drop_in("relay.py", relay_plugin())
    ada, carl = request.getfixturevalue("ada"), request.getfixturevalue("carl")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ScriptedServer(Answer(202)) as relay:
        ada.at("channels/relay").presses("Save", **{"set-url": relay.url}).sees("Saved.")
        page = ada.at("channels/").sees("2. Relay")
        chosen = {"kind": "invite", "channel": "relay", "deed": "up"}
        typed = {"csrf_token": page.field("csrf_token"), **chosen}
        page.browser.posts("/admin/acme/channels/-/order", typed).sees("1. Relay")
        ada.invites(carl.email)
        assert carl.letters() == []
        (call,) = relay.calls
        told = json.loads(call.body)
        assert told["to"] == carl.email
        assert call.headers["idempotency-key"].startswith("delivery-")
        ada.page_of(carl.email).sees("Its reply: 202 Accepted")
        carl.opens(link_in(told["text"])).presses("Sign in").sees("Welcome to Acme")
        ada.sends_login_email(carl.email)
        assert len(carl.letters()) == 1, "other kinds still go by e-mail"
        relay.answer = Answer(503)
        ada.invites("later@carter.example")
        ada.world.worker.drains()
        ada.page_of("later@carter.example").sees("The message could not be sent yet")
        relay.answer = Answer(422)
        ada.invites("nobody@carter.example")
        ada.world.worker.drains()
        ada.page_of("nobody@carter.example").sees("The relay did not take the message.", "422")


# A refusal that urlopen raises is closed when it is collected: the short plugin does no better.
@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_check_tells_what_the_channel_of_the_documents_still_gets_wrong(tmp_path: Path) -> None:
    (tmp_path / "relay.py").write_text(relay_plugin())
    lines = list(checks.of(tmp_path / "relay.py"))
    failed = [line.says for line in lines if line.state == "failed"]
    assert any("does not accept us" in words for words in failed)
    assert any("too fast" in words for words in failed)
    told = "\n".join(f"{line.says} {line.words}" for line in lines)
    for line in samples(DOCS / "plugins.md", "text")[0].splitlines():
        assert line[9:].removeprefix("relay: ").strip() in told


def link_in(text: str) -> str:
    found = re.search(r"^http\S+/l/\S+$", text, re.MULTILINE)
    assert found, text
    return found[0]

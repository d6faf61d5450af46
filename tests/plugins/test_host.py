"""The plugin host: a plugin that fails harms nobody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from portal.channel import Operator
from portal.plugins import Fault, Plugins, init_app
from tests.cast import Client, Staff, World
from tests.plugins.plugs import built_in

HEAD = """
from portal.channel import Caps, Channel, Section, Sent
from portal.hookspecs import hookimpl
"""
GOOD = '''
class Pigeon(Channel):
    """Carries messages by air."""

    id, name, caps = "pigeon", "Carrier pigeon", Caps(address="email")

    def send(self, request, settings):
        return Sent()


@hookimpl
def portal_channels(operator):
    return [Pigeon()]


@hookimpl
def portal_sections(account_slug):
    return [Section("files", "Files", "What we share with you")]
'''
RAISES = """
@hookimpl
def portal_channels(operator):
    raise RuntimeError("no pigeons today")


@hookimpl
def portal_sections(account_slug):
    raise RuntimeError("no rooms today")
"""
RAISES_HALF_WAY = """
@hookimpl
def portal_channels(operator):
    yield from ()
    raise RuntimeError("half a flock")


@hookimpl
def portal_sections(account_slug):
    yield Section("half", "Half a room")
    raise RuntimeError("the wall is missing")
"""
TWIN = """
class Email(Channel):
    id, name, caps = "email", "Another e-mail", Caps()


@hookimpl
def portal_channels(operator):
    return [Email()]


@hookimpl
def portal_sections(account_slug):
    return [Section("files", "Other files")]
"""
SHOUTS = """
class Loud(Channel):
    id, name, caps = "LOUD channel", "Loud", Caps()


@hookimpl
def portal_channels(operator):
    return [Loud()]
"""
MIXED = """
@hookimpl
def portal_sections(account_slug):
    return [Section("files", "Other files"), "no section", None]
"""
NONSENSE = """
class Unfinished(Channel):
    pass


@hookimpl
def portal_channels(operator):
    return [Unfinished(), object(), "email"]


@hookimpl
def portal_sections(account_slug):
    return 5
"""
MISSPELT = """
@hookimpl
def portal_chanels(operator):
    return []


@hookimpl
def portal_sections(account_slug):
    return [Section("misspelt", "Misspelt")]
"""
WRONG_ARGUMENT = """
@hookimpl
def portal_sections(slug):
    return [Section("wrong", "Wrong")]
"""


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str], None]:
    """Write a plugin into the operator's folder."""

    def write(name: str, body: str) -> None:
        (tmp_path / "plugins").mkdir(exist_ok=True)
        (tmp_path / "plugins" / f"{name}.py").write_text(HEAD + body)

    return write


@pytest.fixture
def load(tmp_path: Path) -> Callable[[], Plugins]:
    """Find and load the plugins, as an app does when it starts."""
    operator = Operator(mail_from="portal@acme.example")
    return lambda: init_app(Flask("portal"), operator, tmp_path / "plugins")


@pytest.fixture
def rooms(put: Callable[[str, str], None]) -> None:
    """One plugin that brings a section, and one that fails; ask for it before anybody signs in."""
    put("pigeons", GOOD)
    put("raises", RAISES)


def test_installed_plugins_and_the_operators_own_are_found(
    load: Callable[[], Plugins], put: Callable[[str, str], None]
) -> None:
    put("pigeons", GOOD)
    plugins = load()
    assert list(plugins.channels) == [*built_in(), "pigeon"]
    assert plugins.synchronous_for("magic") == "clipboard"
    assert [section.name for section in plugins.sections("acme")] == ["files"]
    assert plugins.quarantined == {}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        (MISSPELT, "portal_chanels"),
        (WRONG_ARGUMENT, "slug"),
    ],
    ids=["raises", "imports", "syntax", "misspelt", "argument"],
)
def test_one_that_cannot_be_loaded_is_kept_out(
    load: Callable[[], Plugins],
    put: Callable[[str, str], None],
    body: str,
    word: str,
) -> None:
    put("a_bad_one", body)
    put("pigeons", GOOD)
    plugins = load()
    assert list(plugins.quarantined) == ["a_bad_one"]
    assert word in plugins.quarantined["a_bad_one"]
    assert list(plugins.channels) == [*built_in(), "pigeon"]
    assert [section.name for section in plugins.sections("acme")] == ["files"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (RAISES, "no pigeons today"),
        (RAISES_HALF_WAY, "half a flock"),
        (NONSENSE.replace(', object(), "email"', ""), "the channel Unfinished needs id"),
        (NONSENSE.replace("Unfinished(), ", ""), "not <object object"),
        (NONSENSE.replace("[Unfinished(), object(), ", "").replace('"email"]', '"email"'), "email"),
        (SHOUTS, "short slug"),
        (TWIN, "the channel email is brought by the plugin email"),
        (TWIN.replace("[Email()]", "[Pigeon(), Pigeon()]").replace("Email(", "Pigeon(")
         .replace('"email"', '"owl"'), "the same id"),
    ],
    ids=["at once", "half-way", "no id", "no channel", "text", "bad id", "twin", "two"],
)  # fmt: skip
def test_one_without_whole_channels_is_kept_out_with_all_its_hooks(
    load: Callable[[], Plugins], put: Callable[[str, str], None], body: str, word: str
) -> None:
    put("z_bad_one", body)
    put("pigeons", GOOD)
    plugins = load()
    assert list(plugins.quarantined) == ["z_bad_one"]
    assert word in plugins.quarantined["z_bad_one"]
    assert "Traceback" in plugins.quarantined["z_bad_one"]
    assert list(plugins.channels) == [*built_in(), "pigeon"]
    assert [section.name for section in plugins.sections("acme")] == ["files"]
    email = plugins.channel("email")
    assert email
    assert email.name == "E-mail"


@pytest.mark.parametrize(
    "body", [RAISES, RAISES_HALF_WAY, NONSENSE, MIXED], ids=["at once", "half-way", "5", "mixed"]
)
def test_one_that_fails_when_called_is_reported_and_the_others_answer(
    load: Callable[[], Plugins],
    put: Callable[[str, str], None],
    caplog: pytest.LogCaptureFixture,
    body: str,
) -> None:
    put("a_bad_one", HEAD + "@hookimpl\ndef portal_sections" + body.partition("portal_sections")[2])
    put("pigeons", GOOD)
    plugins = load()
    faults: list[Fault] = []
    plugins.on_fault = faults.append
    assert plugins.quarantined == {}
    assert [section.name for section in plugins.sections("acme")] == ["files"]
    assert [(fault.plugin, fault.hook) for fault in faults] == [("a_bad_one", "portal_sections")]
    assert "Plugin a_bad_one failed in portal_sections" in caplog.text
    assert "Traceback" in faults[0].traceback


def test_an_own_plugin_named_like_an_installed_one_does_not_push_it_out(
    load: Callable[[], Plugins], put: Callable[[str, str], None]
) -> None:
    put("email", GOOD)
    plugins = load()
    assert list(plugins.channels) == built_in()
    assert list(plugins.quarantined) == ["email"]


def test_a_magic_link_opens_the_section_it_was_made_for(
    rooms: None, ada: Staff, carl: Client
) -> None:
    ada.adds(carl.name, carl.email)
    ada.at("magic-links/new").sees("Files")
    page = ada.at("magic-links/new").presses("Generate Magic Link", who=carl.email, section="files")
    link = page.field("magic-link")
    carl.opens(link).sees("Files").presses("Sign in").is_at("/p/acme/s/files").sees(
        "What we share with you"
    )
    carl.home().sees("Files", "What we share with you").follows("Files").is_at("/p/acme/s/files")


def test_a_section_that_is_gone_leads_to_the_home(
    rooms: None,
    ada: Staff,
    carl: Client,
    world: World,
    make_app: Callable[..., Flask],
    tmp_path: Path,
) -> None:
    ada.adds(carl.name, carl.email)
    page = ada.at("magic-links/new").presses("Generate Magic Link", who=carl.email, section="files")
    link = page.field("magic-link")
    (tmp_path / "plugins" / "pigeons.py").unlink()
    later = Client(world._replace(app=make_app()), carl.email, "acme")
    later.opens(link).presses("Sign in").is_at("/p/acme/").sees("Welcome to Acme")


def test_a_copied_link_is_shown_once_and_kept_nowhere(ada: Staff, carl: Client) -> None:
    ada.adds(carl.name, carl.email)
    form = ada.at("magic-links/new")
    link = form.presses("Generate Magic Link", who=carl.email).field("magic-link")
    again = form.presses("Generate Magic Link", who=carl.email)
    again.sees("already shown")
    assert link not in again.response.get_data(as_text=True)
    ada.page_of(carl.email).does_not_see(link)
    assert carl.letters() == []
    carl.opens(link).presses("Sign in").sees("Welcome to Acme")

"""The wheel: it holds what runs and nothing else, and signs a client in from another folder."""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener
from zipfile import ZipFile

import pytest
from bs4 import BeautifulSoup, Tag

from tests.live import Portico
from tests.servers import free_port

ROOT = Path(__file__).parents[2]
SOURCES = ("portal", "plugins", "templates", "migrations", "setup.cfg", "pyproject.toml")
CARL = "carl@carter.example"
ARRIVES_WITHIN = 20


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build from a copy, so that nothing old is taken in and nothing new is left behind."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in (*SOURCES, "README.md", "LICENSE"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=skip)
        else:
            shutil.copy(source, copy / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    built = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into a new environment, which sees this one's libraries but not
    this checkout. Returns the environment's Python."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q"]
    options = ["--no-deps", "--no-index", "--disable-pip-version-check", "--no-cache-dir"]
    done = subprocess.run([*pip, *options, str(wheel)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    libraries = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (packages / "libraries.pth").write_text("\n".join(libraries))
    return python


@pytest.fixture
def start(installed: Path, tmp_path: Path) -> Iterator[Callable[[], Portico]]:
    running: list[Portico] = []

    def run() -> Portico:
        port = free_port()
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PORTAL_", "PYTHON"))
        }
        process = subprocess.Popen(
            [str(installed.with_name("portal")), "run"],
            cwd=tmp_path,
            env={**clean, "PORT": str(port), "PORTAL_HOME": str(tmp_path / "home")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(Portico(process, tmp_path / "home", port))
        return running[-1].is_ready()

    yield run
    for one in running:
        one.stop()


class Person:
    """Someone with a browser, over HTTP."""

    def __init__(self, url: str) -> None:
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))
        self.url = url
        self.soup = BeautifulSoup("", "html.parser")

    @property
    def words(self) -> str:
        return " ".join(self.soup.get_text(" ").split())

    def opens(self, path: str, data: dict[str, str] | None = None) -> Person:
        body = urlencode(data).encode() if data is not None else None
        with self.opener.open(urljoin(self.url, path), body, timeout=10) as answer:
            self.url = answer.url
            self.soup = BeautifulSoup(answer.read().decode(), "html.parser")
        return self

    def presses(self, words: str, **typed: str) -> Person:
        button = next(one for one in self.soup.find_all("button") if words in one.get_text(" "))
        form = button.find_parent("form")
        assert isinstance(form, Tag)
        hidden = {
            str(field["name"]): str(field.get("value") or "")
            for field in form.find_all("input")
            if field.get("name") and field.get("type") not in ("checkbox", "radio")
        }
        return self.opens(str(form.get("action") or self.url), {**hidden, **typed})


def read_letter(person: Person) -> str:
    """Wait for the message and return the link in it."""
    deadline = time.monotonic() + ARRIVES_WITHIN
    while time.monotonic() < deadline:
        person.opens("/mailbox/")
        for link in person.soup.select("a[href^='/mailbox/']"):
            if re.search(r"/mailbox/\d{20}-", str(link["href"])):
                words = person.opens(f"{link['href']}/text").words
                found = re.search(r"http://\S+/l/[\w-]{24}", words)
                assert found, words
                return found[0]
        time.sleep(0.1)
    raise AssertionError("the invitation did not arrive")


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    for part in (
        "portal/_templates/base.html",
        "portal/_templates/messages/invite.txt",
        "portal/_migrations/env.py",
        "portal/_migrations/script.py.mako",
        "portal/_migrations/versions/0001_create_the_tables.py",
        "portal/common_passwords.txt",
        "portal/py.typed",
        "portal/static/css/base.css",
        "portal/static/icons.svg",
        "portal_email/py.typed",
        "portal_clipboard/py.typed",
        "portal_apprise/py.typed",
    ):
        assert part in names, f"{part} is not in the wheel"
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "portal",
        "portal_apprise",
        "portal_clipboard",
        "portal_email",
        "portal_sms",
    }
    own = [name for name in names if not name.startswith("portal/scaffold/package/")]
    assert not [name for name in own if "tests" in name.split("/") or name.endswith(".pyc")]
    metadata = ZipFile(wheel).read(next(name for name in names if name.endswith("/METADATA")))
    assert b"Apache-2.0" in metadata
    assert any(name.endswith("LICENSE") for name in names)


def test_the_wheel_holds_every_file_of_the_program(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    moved = {"templates/": "portal/_templates/", "migrations/": "portal/_migrations/"}
    moved |= {"plugins/": ""}
    command = ["git", "ls-files", "portal", "templates", "migrations", "plugins"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    files = [name for name in listed.stdout.split("\n") if name and "/tests/" not in name]
    for file in filter(lambda name: (ROOT / name).exists(), files):
        there = file
        for before, after in moved.items():
            there = there.replace(before, after, 1) if there.startswith(before) else there
        assert there in names, f"{file} is not in the wheel"


def test_a_client_signs_in_to_the_installed_program(
    start: Callable[[], Portico], installed: Path, tmp_path: Path
) -> None:
    where = subprocess.run(
        [str(installed), "-c", "import portal, portal_email; print(portal.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert str(ROOT) not in where.stdout, "the checkout is not what runs"
    assert str(installed.parents[1]) in where.stdout
    portico = start()
    ada = Person(portico.url)
    ada.opens(portico.line("Owner sign-in")).presses("Sign in")
    assert "Client Portal" in ada.words
    ada.opens("/admin/acme/invitations/new").presses("Send Invite", who=CARL)
    assert f"Invitation to {CARL} is on its way" in ada.words
    carl = Person(portico.url)
    carl.opens(read_letter(Person(portico.url)))
    assert "c•••@carter.example" in carl.words
    assert "Welcome to Acme" in carl.presses("Sign in").words
    ada.opens("/admin/password").presses("Save password", password="Password2026!")
    assert "Too many people use this one" in ada.words


def test_authors_of_plugins_need_nothing_but_the_wheel(installed: Path, tmp_path: Path) -> None:
    def portal(*words: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; sys.modules['pytest'] = None; from portal.cli import main; main()"
        command = [str(installed), "-c", code, *words]
        clean = {**os.environ, "PORTAL_HOME": str(tmp_path / "home")}
        return subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True)

    assert portal("plugin", "new", "relay").returncode == 0
    checked = portal("plugin", "check", "portal-relay")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 failed" in checked.stdout

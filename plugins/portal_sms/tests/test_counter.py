"""The counter beneath a template, in a real browser: it says what the server says."""

# ruff: noqa: RUF001 (characters that look alike are what this is about)

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from portal_sms.alphabet import STANDS_FOR
from portal_sms.form import SmsForm
from portal_sms.words import SAMPLES
from tests.services import NewPage

SCRIPTS = Path(__file__).parents[3] / "portal" / "static" / "js"
TEMPLATES = [
    "", " ", "{link}", "a" * 160, "a" * 161, "a" * 306, "a" * 307, "€" * 80, "€" * 81, "€" * 153,
    "a" * 152 + "€" + "a" * 152, "я" * 70, "я" * 71, "😀" * 35, "😀" * 36, "😀" * 67,
    "“Ada’s” – it’s fine… {link}", "a\u00a0b\u202fc\td", "Łódź, Kraków", "François Zoë Œuvre",
    "Ťažký ăîșț Ōsaka", "Größe, señor, è", "ΑΘΗΝΑ ΈΛΛΗΝΑΣ", "Αθήνα’", "e\u0301 u\u0308 {name}",
    "ﬁn ½ № ①", "soft\u00adhyphen\u200b", "Þórr İstanbul ıssız ẞ", "“Привет” {account}", "日本…",
    "مرحبا {link} 😀", "{unknown} {link} {} {li nk}", "^{}\\[~]|€ {code}", "Ç ç ¡ ¿ ¤ §",
    "Line one\nline two\n{link}", "{minutes} {minutes} {link}{link}", "नमस्ते {link}",
    "👩‍👩‍👧 {link}", "x" * 99 + " {link} ’", "{constructor} {toString} {link}",
]  # fmt: skip


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_words: object) -> None:
        """Stay silent."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A folder over HTTP, with the script in it: a module is loaded from nowhere else."""
    (tmp_path / "segments.js").write_bytes((SCRIPTS / "segments.js").read_bytes())
    handler = partial(Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def notes(*, keep: bool) -> list[str]:
    said = []
    for template in TEMPLATES:
        posted = {"template_login": template.replace("\n", "\r\n")}
        posted |= {"keep_special": "y"} if keep else {}
        said.append(SmsForm(MultiDict(posted)).template_login.note)
    return said


def test_script_and_server_count_alike(site: str, tmp_path: Path, new_page: NewPage) -> None:
    (tmp_path / "empty.html").write_text("<!doctype html><title>None</title>")
    page = new_page()
    page.goto(f"{site}/empty.html")
    found = page.evaluate(
        """async (templates) => {
            const { note, STANDS_FOR, SAMPLES } = await import("/segments.js");
            const said = (keep) => templates.map((one) => note(one, keep));
            return { plain: said(false), kept: said(true), STANDS_FOR, SAMPLES };
        }""",
        TEMPLATES,
    )
    assert len(TEMPLATES) == 40
    assert found["STANDS_FOR"] == STANDS_FOR
    assert found["SAMPLES"] == SAMPLES
    assert found["plain"] == notes(keep=False)
    assert found["kept"] == notes(keep=True)


def test_the_count_follows_what_is_typed(site: str, tmp_path: Path, new_page: NewPage) -> None:
    form = SmsForm(data={"template_login": "Hi {link}"})
    fields = [form.template_login, form.template_self, form.keep_special]
    drawn = "".join(f"{field.label()}{field()}" for field in fields)
    stood = f'<p id="template_login-segments">{form.template_login.note}</p>'
    (tmp_path / "page.html").write_text(
        f'<!doctype html><meta charset="utf-8"><title>SMS</title><form>{drawn}{stood}</form>'
        '<script type="module" src="/segments.js"></script>'
    )
    page = new_page()
    page.goto(f"{site}/page.html")
    count = page.locator("#template_login-segments")
    assert count.inner_text() == "1 segment · 63 of 160 characters · GSM-7"
    page.get_by_label("Login message").fill("“Hi” {link}")
    assert count.inner_text() == "1 segment · 65 of 160 characters · GSM-7"
    page.get_by_label("Keep special characters").check()
    assert count.inner_text() == "1 segment · 65 of 70 characters · UCS-2"
    assert page.locator("#template_self-segments").inner_text() == ""
    page.get_by_label("Sign-in message").press_sequentially("abc")
    assert page.locator("#template_self-segments").inner_text().startswith("1 segment · 3 of 160")
    described = page.get_by_label("Sign-in message").get_attribute("aria-describedby")
    assert described == "template_self-segments"

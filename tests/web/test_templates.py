"""Rules over every page at once: small, self-contained, and nothing the policy would block."""

import gzip
import re
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from portal.web.admin.history import _SAYS
from portal.web.templating import STATIC

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
PAGES = sorted(
    page for page in TEMPLATES.rglob("*.html") if page.relative_to(TEMPLATES).parts[0] != "messages"
)
SPRITE = set(re.findall(r'<symbol id="([a-z-]+)"', (STATIC / "icons.svg").read_text()))
RAW_HTML = {
    "admin/_link_shown.html": "qr",
    "admin/one_time_codes.html": "qr",
    "client/section.html": "body",
}
"""Where HTML comes in as it is: the QR codes we draw, and a plugin's section."""

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(TEMPLATES)))


def test_all_style_sheets_together_fit_in_12_kb():
    sheets = b"".join(sheet.read_bytes() for sheet in sorted((STATIC / "css").glob("*.css")))
    assert len(gzip.compress(sheets)) <= 12 * 1024


@each_page
def test_a_page_has_nothing_inline(page):
    text = page.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@each_page
def test_a_page_loads_nothing_from_elsewhere(page):
    assert not re.search(r"(https?:)?//(?!\s)", page.read_text())


@each_page
def test_a_form_that_posts_carries_its_token(page):
    for form in re.findall(r'<form method="post".*?</form>', page.read_text(), re.S):
        assert "csrf" in form or "hidden_tag()" in form


@each_page
def test_html_is_trusted_in_three_places_only(page):
    trusted = re.findall(r"\{\{ ?(\w+)\|safe", page.read_text())
    allowed = RAW_HTML.get(str(page.relative_to(TEMPLATES)))
    assert trusted == ([allowed] if allowed else [])


@each_page
def test_a_page_names_icons_that_exist(page):
    assert set(re.findall(r'icon\("([a-z-]+)"\)', page.read_text())) <= SPRITE


def test_each_line_of_the_history_has_its_icon():
    assert {says.icon for says in _SAYS.values()} <= SPRITE


@each_page
def test_a_page_compiles(page):
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    names = "when when_zone ago iso day bdi said number is_over end_day browser"
    environment.filters.update(dict.fromkeys(names.split(), str))
    environment.get_template(str(page.relative_to(TEMPLATES)))


@pytest.mark.parametrize(
    "sheet", sorted((STATIC / "css").glob("*.css")), ids=lambda sheet: sheet.name
)
def test_a_style_sheet_uses_only_colours_that_have_a_name(sheet):
    used = set(re.findall(r"var\((--[a-z-]+)", sheet.read_text()))
    assert used <= set(re.findall(r"^\s+(--[a-z-]+):", (STATIC / "css/base.css").read_text(), re.M))


def test_htmx_injects_no_style_and_evaluates_nothing():
    pages = [page.read_text() for page in PAGES if "vendor/htmx" in page.read_text()]
    assert pages
    for text in pages:
        config = re.search(r"name=\"htmx-config\" content='([^']+)'", text)
        assert config
        for rule in (
            '"includeIndicatorStyles":false',
            '"allowEval":false',
            '"selfRequestsOnly":true',
        ):
            assert rule in config[1]

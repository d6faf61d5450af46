"""What messages say to Carl, and what hostile names cannot do to them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from portal.messages import Words, expiry_in_words, readable_on, render

NOW = datetime(2026, 11, 22, 13, 22, 5, tzinfo=UTC)
LINK = "https://portal.acme.example/l/abcdefghijklmnopqrstuvwx"
PORTAL = "https://portal.acme.example/p/acme"
KINDS = ("invite", "login", "self")


def words(kind: str = "invite", **changes) -> Words:
    fields = {
        "account_name": "Acme",
        "portal_url": PORTAL,
        "portal_host": "portal.acme.example",
        "link": LINK,
        "expires_at": NOW + timedelta(minutes=10),
        "time_zone": "Europe/Berlin",
        "contact_name": "Carl Client",
        "sent_by": "Ada Lovelace" if kind != "self" else "",
        "code": "48219035" if kind == "self" else "",
        "asked_from": "Chrome on Android" if kind == "self" else "",
    }
    return Words(kind=kind, **fields | changes)


class Page(HTMLParser):
    """What a mail program sees: tags, addresses, and the text between."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.hrefs: list[str] = []
        self.text = ""
        self._skipping = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.hrefs += [value for name, value in attrs if name in {"href", "src"}]
        self._skipping = tag == "style"

    def handle_data(self, data):
        self.text += "" if self._skipping else data


@pytest.mark.parametrize("kind", KINDS)
def test_the_link_stands_alone_on_its_line_and_behind_the_button(kind):
    message = render(words(kind), NOW)
    assert message.text.splitlines().count(LINK) == 1
    page = Page(message.html)
    assert page.hrefs == [LINK, LINK, PORTAL]
    assert LINK in page.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_says_who_why_how_long_and_what_else(kind):
    message = render(words(kind), NOW)
    for part in (message.text, Page(message.html).text):
        assert "Hello Carl Client," in part
        assert "works once and expires in 10 minutes, at 14:32 (CET) on 22 Nov 2026" in part
        assert "Not expecting this?" in part
        assert PORTAL in part
        assert ("Ada Lovelace" in part) is (kind != "self")
        assert ("from Chrome on Android" in part) is (kind == "self")


def test_the_code_of_a_message_reads_in_two_groups():
    message = render(words("self"), NOW)
    assert "4821 9035" in message.text.splitlines()
    assert ">4821 9035<" in message.html
    assert "code" not in render(words("self", code=""), NOW).text


@pytest.mark.parametrize("kind", KINDS)
def test_neither_subject_nor_preview_holds_a_secret(kind):
    message = render(words(kind), NOW)
    preview = re.search('class="preheader"[^>]*>([^<]*)<', message.html)[1]
    for shown in (message.subject, preview):
        assert "Acme" in message.subject
        assert LINK[-24:] not in shown
        assert not re.search(r"\d{4} ?\d{4}", shown)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_fetched_from_elsewhere(kind):
    message = render(words(kind), NOW)
    assert not {"img", "link", "script", "iframe", "form"} & set(Page(message.html).tags)
    assert "url(" not in message.html
    assert "@import" not in message.html


@pytest.mark.parametrize("kind", KINDS)
def test_styles_are_inlined_and_dark_mode_is_kept(kind):
    html = render(words(kind), NOW).html
    assert "@media (prefers-color-scheme: dark)" in html
    assert 'name="color-scheme" content="light dark"' in html
    assert html.count("<style") == 1
    assert "var(--" not in html
    assert "{{" not in html
    assert "{%" not in html
    assert re.search(r'<a class="button"[^>]*style="[^"]*padding: 14px', html)


def test_the_button_has_the_accounts_colour_and_stays_readable():
    assert "background-color: #ffe066;" in render(words(accent="#FFE066"), NOW).html
    assert readable_on("#ffe066") == "#11150f"
    assert readable_on("#1f6f5c") == "#ffffff"
    assert readable_on("#777777") == "#000000"
    evil = render(words(accent='red;"><script>'), NOW).html
    assert "background-color: #1f6f5c;" in evil
    assert "<script" not in evil


def test_an_invitation_carries_the_personal_note_as_a_quotation():
    note = f"Hi Carl,\r\n\r\n{LINK}\n<b>Ada</b>\x00"
    message = render(words(note=note, section_title="Invoices"), NOW)
    assert f"> Hi Carl,\n> \n> {LINK}\n> <b>Ada</b>\n" in message.text
    assert message.text.splitlines().count(LINK) == 1
    assert "&lt;b&gt;Ada&lt;/b&gt;" in message.html
    assert "opens Invoices." in message.text


def test_without_names_the_sentences_still_read_well():
    message = render(words(contact_name="", sent_by=""), NOW)
    assert "Hello,\n" in message.text
    assert "Acme has invited you to its client portal." in message.text
    assert "None" not in message.text + message.html


NAMES = ("account_name", "contact_name", "sent_by", "section_title", "asked_from", "note")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}}{% raw %}{{ link }}",
        "Carl\r\nBcc: mallory@evil.example\r\n\r\nhttps://evil.example/l/x",
        "Carl\u2028https://evil.example/l/x\u2029",
        "\u202egnp.exe\u2066\u200b",
        "\ud800\x00\x1b[31m",
        "ש" * 500,
    ],
)
def test_hostile_names_do_no_harm(kind, hostile):
    message = render(words(kind, **dict.fromkeys(NAMES, hostile)), NOW)
    page = Page(message.html)
    assert page.hrefs == [LINK, LINK, PORTAL]
    assert not {"script", "img"} & set(page.tags)
    assert "49" not in message.subject
    assert "{{49" not in message.text
    assert message.text.splitlines().count(LINK) == 1
    assert not [line for line in message.text.splitlines() if line.startswith("https://evil")]
    assert not set("\r\n\u2028\u2029\u202e\x00\x1b") & set(message.subject)
    assert not set("\r\u2028\u2029\u202e\x00\x1b") & set(message.text + message.html)
    assert len(message.subject) < 200
    (message.text + message.html + message.subject).encode()


def test_right_to_left_names_are_isolated_from_the_sentence():
    message = render(words(account_name="محمد العربي"), NOW)
    assert "\u2068محمد العربي\u2069" in message.text
    assert "<bdi>محمد العربي</bdi>" in message.html


@pytest.mark.parametrize(
    ("left", "zone", "locale", "said"),
    [
        ({"minutes": 10}, "Europe/Berlin", "en", "in 10 minutes, at 14:32 (CET) on 22 Nov 2026"),
        (
            {"minutes": 9, "seconds": 40},
            "UTC",
            "en",
            "in 10 minutes, at 13:31 (UTC) on 22 Nov 2026",
        ),
        ({"seconds": 20}, "UTC", "en", "in 1 minute, at 13:22 (UTC) on 22 Nov 2026"),
        ({"minutes": 90}, "UTC", "en", "in 90 minutes, at 14:52 (UTC) on 22 Nov 2026"),
        ({"hours": 1}, "America/New_York", "en_US", "in 1 hour, at 9:22 AM (EST) on Nov 22, 2026"),
        ({"days": 7}, "Asia/Kathmandu", "en-GB", "in 7 days, at 19:07 (UTC+05:45) on 29 Nov 2026"),
        ({"days": 1}, "Pacific/Auckland", "en", "in 24 hours, at 02:22 (NZDT) on 24 Nov 2026"),
        ({"minutes": 10}, "Mars/Olympus", "xx", "in 10 minutes, at 13:32 (UTC) on 22 Nov 2026"),
        ({"minutes": 10}, "Europe/Berlin", "de", "in 10 Minuten (22.11.2026, 14:32 CET)"),
    ],
)
def test_an_expiry_reads_as_people_say_it(left, zone, locale, said):
    assert expiry_in_words(NOW + timedelta(**left), NOW, zone, locale) == said


def test_nobody_shouts():
    for kind in KINDS:
        message = render(words(kind, note="Please call."), NOW)
        assert not re.search(r"\b[A-Z]{4,}\b", message.subject + message.text)
        assert len(Page(message.html).text) > len(message.html) / 10

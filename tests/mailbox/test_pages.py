"""The mailbox's pages: what is shown, and what a message's HTML may not do."""

from __future__ import annotations

import re

import pytest

from portal import kept_mail
from tests.mailbox.conftest import LINK

HTML = f'<html><head><title>x</title></head><body><a href="{LINK}">Sign in</a></body></html>'


def keep(folder, message) -> str:
    return kept_mail.keep(folder, message.as_bytes())


def test_the_list_shows_the_newest_first(pages, folder, letter):
    for subject in ("first", "second <b>"):
        keep(folder, letter(subject))
    page = pages.get("/mailbox/").text
    assert page.index("second &lt;b&gt;") < page.index("first")
    assert "To Carl &lt;carl@client.example&gt;" in page
    assert "2 messages" in page
    assert 'href="/mailbox/">' in page
    assert "Refresh" in page


def test_an_empty_mailbox_says_what_will_appear(pages):
    page = pages.get("/mailbox/").text
    assert "No messages yet" in page
    assert "Delete all" not in page


def test_it_is_in_english_whatever_the_browser_asks_for(pages):
    page = pages.get("/mailbox/", headers={"Accept-Language": "ar"}).text
    assert '<html lang="en" dir="ltr">' in page


def test_the_list_renews_itself_only_when_something_came(pages, folder, letter):
    keep(folder, letter("first"))
    address = re.search('hx-get="([^"]+)"', pages.get("/mailbox/").text)[1]
    assert pages.get(address).status_code == 204
    keep(folder, letter("second"))
    fresh = pages.get(address)
    assert fresh.status_code == 200
    assert "second" in fresh.text
    assert "<html" not in fresh.text


def test_a_long_list_is_cut_and_says_so(pages, folder, letter):
    content = letter().as_bytes()
    for _ in range(kept_mail.MOST_LISTED + 3):
        kept_mail.keep(folder, content)
    page = pages.get("/mailbox/").text
    assert "The newest 200 of 203 messages" in page
    assert page.count("letter-subject") == 200


def test_the_html_of_a_message_is_caged(pages, folder, letter):
    message_id = keep(folder, letter(html=HTML))
    page = pages.get(f"/mailbox/{message_id}")
    assert f'src="/mailbox/{message_id}/html"' in page.text
    assert "allow-scripts" not in page.text
    assert "allow-same-origin" not in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    framed = pages.get(f"/mailbox/{message_id}/html")
    policy = framed.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script" not in policy
    assert '<head><base target="_top">' in framed.text
    assert LINK in framed.text


def test_html_without_a_head_opens_its_links_above_too(pages, folder, letter):
    message_id = keep(folder, letter(html=f'<a href="{LINK}">x</a>'))
    assert pages.get(f"/mailbox/{message_id}/html").text.startswith('<base target="_top">')


def test_the_text_of_a_message_has_a_link_to_press(pages, folder, letter):
    message_id = keep(folder, letter(text=f"<b>Hello</b>\n\n{LINK}\n", html=HTML))
    page = pages.get(f"/mailbox/{message_id}/text").text
    assert f'<a href="{LINK}"' in page
    assert "&lt;b&gt;Hello" in page
    assert "<iframe" not in page


def test_a_message_without_html_shows_its_text(pages, folder, letter):
    message_id = keep(folder, letter())
    page = pages.get(f"/mailbox/{message_id}").text
    assert "<pre" in page
    assert ">HTML</a>" not in page


def test_the_raw_message_can_be_downloaded(pages, folder, letter):
    message = letter()
    message_id = keep(folder, message)
    answer = pages.get(f"/mailbox/{message_id}/raw")
    assert answer.data == message.as_bytes()
    assert answer.mimetype == "message/rfc822"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"


BAD = [
    "nothing",
    "00000000000000000000-00000000",
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "00000000000000000000-0000000g",
    "1",
    "\N{ARABIC-INDIC DIGIT ONE}" * 20 + "-00000000",
]


@pytest.mark.parametrize("message_id", BAD)
@pytest.mark.parametrize("view", ["", "/html", "/text", "/raw"])
def test_what_is_no_message_is_not_found(pages, folder, message_id, view):
    assert pages.get(f"/mailbox/{message_id}{view}").status_code == 404


def test_without_a_folder_there_is_no_mailbox(pages):
    pages.application.config["PORTAL_MAILBOX_DIR"] = None
    assert pages.get("/mailbox/").status_code == 404


def test_delete_all_spares_what_came_after_the_page(pages, folder, letter):
    keep(folder, letter("old"))
    page = pages.get("/mailbox/").text
    fields = dict(re.findall('name="([^"]+)" value="([^"]+)"', page))
    keep(folder, letter("new"))
    answer = pages.post("/mailbox/delete", data=fields)
    assert answer.status_code == 303
    assert [each.subject for each in kept_mail.newest(folder)] == ["new"]


def test_delete_all_needs_the_pages_own_token(pages, folder, letter):
    message_id = keep(folder, letter())
    assert pages.post("/mailbox/delete", data={"until": message_id}).status_code == 400
    assert pages.get("/mailbox/delete").status_code == 404
    assert kept_mail.ids(folder) == [message_id]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"Subject: =?nope?q?x?=\r\nFrom: \xff\r\n\r\nbody",
        b"Subject: =?utf-8?b?####?=\r\n\r\n",
        b"Content-Type: text/html; charset=klingon\r\n\r\n<p>\xff",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n",
        b"Content-Type: text/html; charset=\x00\r\nSubject: a\r\n b\r\n\r\n<p>",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!",
    ],
)
def test_broken_messages_are_shown_as_well_as_can_be(pages, folder, content):
    message_id = kept_mail.keep(folder, content)
    assert pages.get("/mailbox/").status_code == 200
    for view in ("", "/text", "/html"):
        assert pages.get(f"/mailbox/{message_id}{view}").status_code == 200

"""The one line for channels that carry little."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.config import LONGEST_LINK
from portal.messages import render
from portal_sms.alphabet import count
from tests.messages.test_words import LINK, NOW, words

KINDS = ("invite", "login", "self", "magic")


@pytest.mark.parametrize("kind", KINDS)
def test_one_line_says_who_what_where_and_how_long(kind):
    short = render(words(kind, account_name="Acme Accounting"), NOW).short
    assert short.startswith("Acme Accounting")
    assert f" {LINK} " in short, "phones take what touches a link for a part of it"
    assert "sign" in short or "Open its client portal" in short
    assert short.endswith("Works once, ends in 10 minutes.")
    assert short.splitlines() == [short]
    assert ("4821 9035" in short) is (kind == "self")


@pytest.mark.parametrize("kind", KINDS)
def test_a_usual_name_and_the_longest_link_fit_into_one_text_message(kind):
    longest = LINK.replace("acme", "acme" + "x" * (LONGEST_LINK - len(LINK)))
    assert len(longest) == LONGEST_LINK
    ends = NOW + timedelta(days=7 if kind == "invite" else 0, minutes=10)
    short = render(
        words(kind, account_name="Müller & Co", link=longest, expires_at=ends), NOW
    ).short
    assert (count(short).encoding, count(short).segments) == ("GSM-7", 1), short


def test_a_message_without_a_code_does_not_speak_of_one():
    with_code, without = render(words("self"), NOW), render(words("self", code=""), NOW)
    assert "code" in with_code.short
    assert "code" not in without.short
    assert without.short.startswith("Acme: sign in here: https://")


def test_a_name_with_braces_stays_a_name():
    assert render(words(account_name="{link} {0} {left"), NOW).short.startswith("{link} {0} {left ")


def test_a_hostile_name_stays_on_its_line():
    short = render(words(account_name="Acme\r\nPay at evil.example\u202e"), NOW).short
    assert short.startswith("Acme Pay at evil.example invites")

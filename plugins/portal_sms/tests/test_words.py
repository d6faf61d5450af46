"""What a message says: Ada's own template, or the portal's short words."""

from __future__ import annotations

import pytest

from portal.channel import Message, PermanentError, Settings
from portal_sms.tests.conftest import ACME, LINK
from portal_sms.words import SAMPLES, counted, text_for


def settings(**values: object) -> Settings:
    return Settings(values, account=ACME)


def test_the_portals_short_words_are_the_default(owed):
    assert text_for(owed(), settings()) == f"Acme: sign in at {LINK} now."
    assert text_for(owed(), settings(template_invite="Other {link}")).startswith("Acme: sign in")


def test_a_template_is_filled_with_what_is_known(owed):
    words = "{name}, {account} says: {code} or {link} within {minutes} min."
    request = owed(kind="self", code="4821 9035")
    text = text_for(request, settings(template_self=words))
    assert text == f"Carl Carter, Acme says: 4821 9035 or {LINK} within 10 min."


def test_a_name_cannot_bring_placeholders_or_lines(owed):
    request = owed(to_name="{link}\r\n{code}\x00", code="4821 9035")
    text = text_for(request, settings(template_login="{name}: {link}"))
    assert text == f"{{link}} {{code}}: {LINK}"


def test_a_message_without_its_link_gets_it(owed):
    assert text_for(owed(short="Hello."), settings()) == f"Hello. {LINK}"
    long = owed(message=Message("Subject", f"Hello,\n{LINK}\n"))
    assert text_for(long, settings()) == f"Hello,\n{LINK}\n"


def test_special_characters_are_made_plain_unless_ada_keeps_them(owed):
    curly = owed(short=f"“Acme” \u2013 sign in: {LINK}")
    assert text_for(curly, settings()) == f'"Acme" - sign in: {LINK}'
    assert text_for(curly, settings(keep_special=True)) == curly.message.short


def test_a_message_of_too_many_segments_is_refused(owed):
    with pytest.raises(PermanentError, match="more than 10 segments") as caught:
        text_for(owed(to_name="я" * 700), settings(template_login="{name} {link}"))
    assert caught.value.cause == "too_large"
    assert LINK not in caught.value.reason


def test_samples_are_counted_in_place_of_placeholders():
    assert len(SAMPLES["link"]) == 60
    assert counted("{link}").characters == 60
    assert counted("\u2019{link}\u2019").encoding == "GSM-7"
    assert counted("\u2019{link}\u2019", keep_special=True).encoding == "UCS-2"

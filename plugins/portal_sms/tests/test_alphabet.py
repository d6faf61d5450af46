"""What a text takes on the air, by the book: 3GPP TS 23.038 and 23.040."""

# ruff: noqa: RUF001 (characters that look alike are what this is about)

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_sms.alphabet import BASIC, EXTENDED, count, is_gsm, simplified

LINK = "https://portal.acme.example/l/abc-_~stuvwx"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1 segment · 0 of 160 characters · GSM-7"),
        ("a" * 160, "1 segment · 160 of 160 characters · GSM-7"),
        ("a" * 161, "2 segments · 161 of 306 characters · GSM-7"),
        ("a" * 306, "2 segments · 306 of 306 characters · GSM-7"),
        ("a" * 307, "3 segments · 307 of 459 characters · GSM-7"),
        ("€" * 80, "1 segment · 160 of 160 characters · GSM-7"),
        ("€" * 81, "2 segments · 162 of 306 characters · GSM-7"),
        # 76 escapes fill 152 of 153 places, the 77th goes over the border as a whole.
        ("€" * 153, "3 segments · 306 of 459 characters · GSM-7"),
        ("a" + "€" * 152 + "a", "2 segments · 306 of 306 characters · GSM-7"),
        ("я" * 70, "1 segment · 70 of 70 characters · UCS-2"),
        ("я" * 71, "2 segments · 71 of 134 characters · UCS-2"),
        ("😀" * 35, "1 segment · 70 of 70 characters · UCS-2"),
        ("😀" * 36, "2 segments · 72 of 134 characters · UCS-2"),
        # 33 pairs fill 66 of 67 places.
        ("😀" * 67, "3 segments · 134 of 201 characters · UCS-2"),
        ("a" * 69 + "’", "1 segment · 70 of 70 characters · UCS-2"),
        ("ç", "1 segment · 1 of 70 characters · UCS-2"),
        ("Ç@£$\n\r{}\f", "1 segment · 12 of 160 characters · GSM-7"),
    ],
)
def test_a_text_is_counted_in_segments(text, said):
    assert str(count(text)) == said


def test_a_segment_border_leaves_a_place_empty_rather_than_cut_an_escape():
    assert count("a" * 306).segments == 2
    assert count("a" * 152 + "€" + "a" * 152).segments == 3, "305 units, and still one too many"


def test_the_tables_are_those_of_the_standard():
    assert len(BASIC) == 127, "128 places, one of them the escape"
    assert len(EXTENDED) == 10
    assert set(string.ascii_letters + string.digits) < BASIC
    assert not BASIC & EXTENDED


@pytest.mark.parametrize(
    ("text", "easy"),
    [
        ("“Ada’s” – it’s fine…", "\"Ada's\" - it's fine..."),
        ("a\u00a0b\u202fc\td", "a b c d"),
        ("Łódź, Kraków", "Lodz, Krakow"),
        ("François Zoë Œuvre", "Francois Zoe OEuvre"),
        ("Ťažký ăîșț Ōsaka", "Tazky aist Osaka"),
        ("Größe, señor, è", "Größe, señor, è"),
        ("ΑΘΗΝΑ ΈΛΛΗΝΑΣ", "AΘHNA EΛΛHNAΣ"),
        ("e\u0301 u\u0308", "é ü"),
        ("ﬁn ½ № ①", "fin 1/2 No 1"),
        ("soft\u00adhyphen\u200b", "softhyphen"),
        ("Þórr İstanbul ıssız", "Thorr Istanbul issiz"),
    ],
)
def test_what_does_not_fit_becomes_what_comes_closest(text, easy):
    assert simplified(text) == easy
    assert is_gsm(simplified(text))


@pytest.mark.parametrize("text", ["“Привет”", "Ada’s 😀", "日本…", "Αθήνα’", "مرحبا\u200cك"])
def test_another_script_is_left_alone_with_all_its_signs(text):
    assert simplified(text) == text
    assert count(simplified(text)).encoding == "UCS-2"


def test_the_link_is_never_touched():
    odd = LINK + "’é"
    assert simplified(f"“Go” {odd} now…", keep=odd) == f'"Go" {odd} now...'.replace(odd, odd)
    assert LINK in simplified(f"“{LINK}”", keep=LINK)


@given(st.text(max_size=400))
def test_segments_hold_what_they_say(text):
    easy = simplified(text)
    length = count(easy)
    assert length.characters <= length.room
    assert count(text).segments >= length.segments or length.encoding == "GSM-7"
    assert simplified(easy) == easy

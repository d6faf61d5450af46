"""E-mail addresses, phone numbers and names: what makes two of them the same."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import AddressError
from portal.models.address import (
    cleaned_email,
    folded,
    likely_meant,
    masked,
    normalise_email,
    normalise_phone,
)

SAME = {
    "carl@example.com": "carl@example.com",
    "  Carl@Example.COM ": "carl@example.com",
    "CARL+portal@example.com": "carl+portal@example.com",
    "c.a.r.l@gmail.com": "c.a.r.l@gmail.com",
    "carl@example.com.": "carl@example.com",
    "carl@straße.de": "carl@xn--strae-oqa.de",
    "carl@STRASSE.de": "carl@strasse.de",
    "carl@müller-söhne.example": "carl@xn--mller-shne-kcb9d.example",
    "carl@xn--mller-shne-kcb9d.example": "carl@xn--mller-shne-kcb9d.example",
    "\uff43\uff41\uff52\uff4c@example.com": "carl@example.com",  # full width
    "carl\uff20example.com": "carl@example.com",
    "\u212bsa@example.com": "\u00e5sa@example.com",  # the Angstrom sign
    "Straße@example.com": "strasse@example.com",  # case-folded
    "用户@例子.广告": "用户@xn--fsqu00a.xn--4rr70v",
    "مستخدم@مثال.إختبار": "مستخدم@xn--mgbh0fb.xn--kgbechtv",
    "\ufeffcarl@example.com\u200e": "carl@example.com",  # copied with marks that nobody sees
    "\u202acarl@example.com\u202c": "carl@example.com",
    "o'malley@example.com": "o'malley@example.com",
    "a/b=c?d@example.com": "a/b=c?d@example.com",
}
REFUSED = [
    "",
    "   ",
    "carl",
    "@example.com",
    "carl@",
    "carl@example",
    "carl@@example.com",
    "carl@home@example.com",
    "carl carter@example.com",
    "carl@exam ple.com",
    "carl@example..com",
    "carl@-example.com",
    "carl@exa_mple.com",
    ".carl@example.com",
    "carl.@example.com",
    "ca..rl@example.com",
    "Carl <carl@example.com>",
    "carl@[192.0.2.1]",
    "carl@192.0.2.1",
    "a@example.com,b@example.com",
    "carl\n@example.com",
    "carl@example.com\nBcc: everyone@example.com",
    "carl\0@example.com",
    '"carl"@example.com',
    "a" * 65 + "@example.com",
    "\u0390" * 15 + "@example.com",  # three times as long when case-folded
    "ä" * 33 + "@example.com",
    "carl@" + "a" * 64 + ".com",
    "carl@" + ".".join(["a" * 60] * 5) + ".com",
    "ca\u202erl@example.com",
    "carl\u200b@example.com",
]


@pytest.mark.parametrize(("typed", "key"), SAME.items())
def test_what_is_typed_has_one_key(typed: str, key: str) -> None:
    assert normalise_email(typed) == key
    assert normalise_email(key) == key


@pytest.mark.parametrize("typed", REFUSED)
def test_what_no_mail_reaches_is_refused_in_words(typed: str) -> None:
    with pytest.raises(AddressError) as refused:
        normalise_email(typed)
    assert str(refused.value).endswith((".", ")."))


def test_the_longest_address_is_taken() -> None:
    domain = ".".join(["a" * 61] * 3) + ".com"
    assert normalise_email("a" * (253 - len(domain)) + "@" + domain)
    with pytest.raises(AddressError):
        normalise_email("a" * (254 - len(domain)) + "@" + domain)


def test_mail_goes_to_the_address_as_it_was_typed() -> None:
    assert cleaned_email("  Carl.Carter@Example.COM ") == "Carl.Carter@Example.COM"


parts = st.text(min_size=1, max_size=70)


@given(local=parts, domain=parts)
def test_a_key_is_its_own_key(local: str, domain: str) -> None:
    try:
        key = normalise_email(f"{local}@{domain}.example")
    except AddressError:
        return
    assert normalise_email(key) == key
    assert key.count("@") == 1
    assert len(key.encode()) <= 320
    assert normalise_email(cleaned_email(f"{local}@{domain}.example")) == key


@given(st.text(max_size=400))
def test_anything_typed_is_an_address_or_a_sentence(typed: str) -> None:
    for read in (normalise_email, lambda text: normalise_phone(text, "en-GB")):
        with suppress(AddressError):
            assert read(typed) == read(read(typed))
    meant = likely_meant(typed)
    assert meant is None or likely_meant(meant) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("carl@gmial.com", "carl@gmail.com"),
        ("carl@gmai.com", "carl@gmail.com"),
        ("Carl@GMAIL.CON", "Carl@gmail.com"),
        ("carl@hotnail.com", "carl@hotmail.com"),
        ("carl@outlok.com", "carl@outlook.com"),
        ("carl@carter.con", "carl@carter.com"),
        ("carl@carter.ogr", "carl@carter.org"),
        ("carl@yaho.com", "carl@yahoo.com"),
    ],
)
def test_a_slip_is_asked_about(typed: str, meant: str) -> None:
    assert likely_meant(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "carl@gmail.com",
        "carl@googlemail.com",
        "carl@carter.example",
        "carl@mail.com",
        "carl@email.com",
        "carl@ymail.com",
        "carl@yahoo.com.au",
        "carl@gmx.com",
        "carl@gmx.at",
        "carl@me.com",
        "carl@mac.com",
        "carl@msn.com",
        "carl@live.co.uk",
        "carl@web.com",
        "carl@hotmail.fr",
        "carl@yahoo.fr",
        "carl@outlook.fr",
        "carl@aol.de",
        "carl@proton.com",
        "carl@carter.co",
        "carl",
        "",
    ],
)
def test_a_right_address_is_left_alone(typed: str) -> None:
    assert likely_meant(typed) is None


@pytest.mark.parametrize(
    ("typed", "locale", "number"),
    [
        ("+44 20 7946 0018", "en", "+442079460018"),
        ("020 7946 0018", "en-GB", "+442079460018"),
        ("(202) 555-0143", "en_US", "+12025550143"),
        ("", "en", ""),
        ("   ", "en", ""),
    ],
)
def test_a_phone_number_is_kept_as_the_world_dials_it(typed: str, locale: str, number: str) -> None:
    assert normalise_phone(typed, locale) == number


@pytest.mark.parametrize("typed", ["020 7946 0018", "12", "call me", "+44 1", "+" + "9" * 30])
def test_a_number_that_nobody_can_dial_is_refused(typed: str) -> None:
    with pytest.raises(AddressError):
        normalise_phone(typed, "en")


def test_a_masked_address_tells_its_owner_and_no_one_else() -> None:
    assert masked("carl@example.com") == "c•••@example.com"
    assert masked("c@example.com") == "c•••@example.com"
    assert len({masked("carl@example.com"), masked("carolina.carter@example.com")}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Łukasz", "łukasz"),
        ("José", "jose"),
        ("MÜLLER", "muller"),
        ("Ὀδυσσεύς", "οδυσσευς"),
        ("İstanbul", "istanbul"),
        ("Østergård", "østergard"),
        ("ﬁne", "fine"),
        ("\uff21cme", "acme"),
    ],
)
def test_words_are_found_without_their_case_and_accents(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@given(st.text(max_size=60))
def test_a_folded_word_stays_as_it_is(word: str) -> None:
    assert folded(folded(word)) == folded(word)

"""The tag in the bounce address: it names the delivery, and fits."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal_email.addresses import Address, parse
from portal_email.verp import key_in, tag_of, tagged

KEYS = st.builds(
    lambda number, link: f"delivery-{number}-{link.hex()}",
    st.integers(1, 2**63 - 1),
    st.binary(min_size=16, max_size=16),
)


@given(KEYS, st.sampled_from([str.lower, str.upper, str.title]))
def test_a_key_comes_back_whatever_servers_do_to_its_case(key, change):
    address = tagged(Address("bounces", "portal.example"), key)
    assert len(address.local.encode()) <= 64
    assert key_in(change(str(address))) == key
    assert parse(str(address)) == address


@given(st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=30))
def test_other_keys_come_back_or_are_left_out(key):
    address = tagged(Address("b", "portal.example"), key)
    assert address == Address("b", "portal.example") or key_in(str(address)) == key


@given(st.text(max_size=200))
def test_no_text_at_all_is_an_error(text):
    assert tag_of(text) == "" or "@" not in tag_of(text)
    key_in(text)


def test_an_address_without_room_stays_as_it_is():
    long = Address("b" * 60, "portal.example")
    assert tagged(long, f"delivery-17-{'0' * 32}") == long


@pytest.mark.parametrize(
    "written",
    [
        "<bounces+d17-aaaaaaaaaaaaaaaaaaaaaaaaaa@portal.example>",
        "bounces+acme+d17-aaaaaaaaaaaaaaaaaaaaaaaaaa@portal.example",
        "SRS0=Hk3x=TT=portal.example=bounces+d17-aaaaaaaaaaaaaaaaaaaaaaaaaa@list.example",
        "prvs=1234abcd=bounces+D17-AAAAAAAAAAAAAAAAAAAAAAAAAA@portal.example",
        "from x for <bounces+d17-aaaaaaaaaaaaaaaaaaaaaaaaaa@portal.example>; Mon, 1 Jan",
    ],
)
def test_a_tag_is_found_in_what_servers_make_of_the_address(written):
    if written.startswith("SRS0"):
        written = written.replace("=bounces+d17-", "=bounces+d17-")
    assert key_in(written) == f"delivery-17-{'0' * 32}"

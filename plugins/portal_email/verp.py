"""Bounce addresses that name the delivery: variable envelope return paths, read and written.

The tag stands behind a plus sign before the @, where most servers take it (RFC 5233). It holds
the delivery's key, shortened so that the part before the @ stays within 64 octets (RFC 5321
section 4.5.3.1.1), and in letters that survive a change of case.
"""

from __future__ import annotations

import base64
import re

from portal_email.addresses import Address

LONGEST = 64  # octets before the @
KEY = re.compile(r"delivery-(\d{1,19})-([0-9a-f]{32})")
SHORT = re.compile(r"d(\d{1,19})-([a-z2-7]{26})")
PLAIN = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
TAGGED = re.compile(r"[+=](d\d{1,19}-[a-z2-7]{26}|k-[a-z0-9][a-z0-9._-]{0,60})@", re.IGNORECASE)


def tagged(address: Address, key: str) -> Address:
    """Return *address* with the tag of *key*, or as it is when there is no room for one."""
    tag = tag_of(key)
    local = f"{address.local}+{tag}"
    if not tag or len(local.encode()) > LONGEST:
        return address
    return Address(local, address.domain)


def tag_of(key: str) -> str:
    """Return the tag that stands for *key*, or nothing when the key cannot be one."""
    if whole := KEY.fullmatch(key):
        letters = base64.b32encode(bytes.fromhex(whole[2])).decode().rstrip("=").lower()
        return f"d{whole[1]}-{letters}"
    return f"k-{key}" if PLAIN.fullmatch(key) else ""


def key_of(tag: str) -> str:
    """Return the key that *tag* stands for, whatever its case, or nothing."""
    tag = tag.lower()
    if whole := SHORT.fullmatch(tag):
        octets = base64.b32decode(whole[2].upper() + "======")
        return f"delivery-{whole[1]}-{octets.hex()}"
    return tag.removeprefix("k-") if tag.startswith("k-") else ""


def key_in(text: str) -> str:
    """Return the key of the first tagged address in *text*, or nothing.

    Forwarders that rewrite senders (SRS) and signed senders (BATV) keep the tag as it is.
    """
    found = TAGGED.search(text)
    return key_of(found[1]) if found else ""

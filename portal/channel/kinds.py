"""The kinds of message, and why one did not arrive."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal["invite", "login", "magic", "self"]

ALL_KINDS: frozenset[Kind] = frozenset({"invite", "login", "magic", "self"})
MAILED_KINDS: frozenset[Kind] = frozenset({"invite", "login", "self"})

Cause = Literal[
    "no_mailbox",
    "no_domain",
    "bad_address",
    "mailbox_full",
    "mailbox_off",
    "refused",
    "spam",
    "sender_checks",
    "too_large",
    "busy",
    "unreachable",
    "sign_in",
    "not_allowed",
    "opted_out",
    "timeout",
    "fault",
    "",
]
"""Why a message did not arrive, so that staff see failures grouped in plain words.

`no_mailbox` the address or number does not exist; `no_domain` its domain takes no mail;
`bad_address` it cannot be used as it is written; `mailbox_full`, `mailbox_off` at the moment or
for good; `refused` by the receiver's own rules; `spam` for what it looks like; `sender_checks`
because of SPF, DKIM, DMARC or an unregistered sender; `too_large`; `busy` the provider asks us to
slow down; `unreachable` nobody answers; `sign_in` the provider does not accept us; `not_allowed`
our own settings forbid it; `opted_out` the person wants no messages; `timeout`; `fault` the
plugin's own.
"""

CAUSES: frozenset[str] = frozenset(get_args(Cause))
ABOUT_ONE: frozenset[Cause] = frozenset(
    {
        "no_mailbox",
        "no_domain",
        "bad_address",
        "mailbox_full",
        "mailbox_off",
        "opted_out",
        "too_large",
        "not_allowed",
    }
)
"""Causes that lie with one address or message: they say nothing about the provider's health."""

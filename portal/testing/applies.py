"""Which tests of the contract a channel is put to, and what they are made of."""

from __future__ import annotations

import re
from typing import Any

from portal.channel import Caps, Channel
from portal.testing import forms

NEEDS_SERVER = (
    "test_a_wrong_password_pauses_the_channel",
    "test_too_many_is_tried_later",
    "test_a_refusal_is_final",
    "test_a_broken_provider_is_tried_again",
    "test_a_provider_that_is_away_is_tried_again",
    "test_a_provider_that_hangs_is_left_in_time",
    "test_a_line_that_drops_is_unclear",
    "test_nonsense_is_no_crash",
    "test_a_child_process_has_its_own_connection",
)
NEEDS_HTTP = (
    "test_a_redirect_is_not_followed",
    "test_an_odd_answer_is_no_crash",
    "test_an_odd_wait_is_no_crash",
)
BLANK = "test_a_blank_secret_is_kept"
NEEDS_FORM = ("test_settings_survive_being_saved_and_shown", "test_bad_settings_are_refused")
NEEDS_RECEIPTS = ("test_a_genuine_receipt_is_understood", "test_a_forged_receipt_is_refused")


def is_slug(word: object) -> bool:
    return isinstance(word, str) and re.fullmatch(r"[a-z][a-z0-9_-]{0,29}", word) is not None


def reasons_not_to_run(contract: Any) -> dict[str, str]:
    """Return the tests that mean nothing for the channel of *contract*, and why."""
    caps = contract.channel.caps
    if not isinstance(caps, Caps):
        return {}
    reasons = {**_of_settings(contract), **_of_receipts(contract)}
    if caps.synchronous or not contract.server:
        why = "it is synchronous" if caps.synchronous else "it calls no server"
        reasons |= dict.fromkeys((*NEEDS_SERVER, *NEEDS_HTTP), why)
    elif contract.server != "http":
        reasons |= dict.fromkeys(NEEDS_HTTP, "it does not speak HTTP")
    if not caps.idempotent:
        reasons["test_a_retry_has_the_same_key"] = "it is not idempotent"
    if not caps.polls:
        reasons["test_fetching_receipts_harms_nothing"] = "it fetches no receipts"
    return reasons


def _of_settings(contract: Any) -> dict[str, str]:
    channel = contract.channel
    if channel.SettingsForm is None:
        return dict.fromkeys((*NEEDS_FORM, BLANK), "it has no settings")
    reasons: dict[str, str] = {}
    if not forms.secret_fields(channel.SettingsForm):
        reasons[BLANK] = "it has no secret"
    if not contract.bad_settings and _takes_nothing(channel):
        reasons[NEEDS_FORM[1]] = "every field may stay blank; set bad_settings"
    return reasons


def _of_receipts(contract: Any) -> dict[str, str]:
    if not contract.channel.caps.receipts:
        return dict.fromkeys(NEEDS_RECEIPTS, "it takes no receipts")
    if contract.made_up:
        return dict.fromkeys(NEEDS_RECEIPTS, "write a ChannelContract with receipt()")
    if not contract.receipts_are_signed:
        return {NEEDS_RECEIPTS[1]: "the secret in the receipt address is the signature"}
    return {}


def _takes_nothing(channel: Channel | type[Channel]) -> bool:
    form = channel.SettingsForm
    return form is not None and bool(forms.typed_into(form, {}).validate())

"""Twilio's error codes, in words that staff can read.

The codes are those of https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from portal.channel import Cause

Level = Literal["temporary", "permanent", "settings"]


class Meaning(NamedTuple):
    """What a code says. *level* counts when the message is handed over: `settings` are ours to
    correct, and the channel pauses. *bounced* counts in receipts: the person was not reached."""

    cause: Cause
    reason: str
    level: Level = "permanent"
    bounced: bool = False


NO_NUMBER = "The number does not exist or cannot receive text messages."
WRONG_SENDER = "Twilio does not accept the sender. Correct it in the settings of SMS."
NOT_REGISTERED = "The sender is not registered for messages to this country. Register it at Twilio."
SIGN_IN = "Twilio does not accept our account SID and auth token."
CLOSED = "Twilio has suspended the account."
BUSY = "Twilio asks us to slow down."
LONG = "The message is too long."
FILTERED = "The mobile network took the message for spam."
BLOCKED_BY_US = "The settings of the Twilio account do not allow messages to this number."

CODES: dict[int, Meaning] = {
    20003: Meaning("sign_in", SIGN_IN, "settings"),
    20005: Meaning("sign_in", CLOSED, "settings"),
    20006: Meaning("sign_in", SIGN_IN, "settings"),
    20404: Meaning("sign_in", SIGN_IN, "settings"),
    20429: Meaning("busy", BUSY, "temporary"),
    21211: Meaning("bad_address", "Twilio says that this is not a telephone number."),
    21212: Meaning("sender_checks", WRONG_SENDER, "settings"),
    21217: Meaning("bad_address", "Twilio says that this is not a telephone number."),
    21264: Meaning("not_allowed", "The trial account at Twilio writes to verified numbers only."),
    21408: Meaning("not_allowed", BLOCKED_BY_US),
    21601: Meaning("sender_checks", WRONG_SENDER, "settings"),
    21603: Meaning("sender_checks", WRONG_SENDER, "settings"),
    21606: Meaning("sender_checks", WRONG_SENDER, "settings"),
    21608: Meaning("not_allowed", "The trial account at Twilio writes to verified numbers only."),
    21610: Meaning("opted_out", "The person answered STOP and wants no messages.", bounced=True),
    21611: Meaning("busy", "Too many messages of this sender wait at Twilio.", "temporary"),
    21612: Meaning("refused", "Twilio has no way from this sender to this number."),
    21614: Meaning("no_mailbox", NO_NUMBER, bounced=True),
    21617: Meaning("too_large", LONG),
    21635: Meaning("no_mailbox", "The number is a landline.", bounced=True),
    21659: Meaning("sender_checks", WRONG_SENDER, "settings"),
    21660: Meaning("sender_checks", WRONG_SENDER, "settings"),
    21701: Meaning("sender_checks", WRONG_SENDER, "settings"),
    21703: Meaning("sender_checks", "The messaging service at Twilio has no senders.", "settings"),
    21704: Meaning("sender_checks", "The messaging service at Twilio has no senders.", "settings"),
    21705: Meaning("sender_checks", WRONG_SENDER, "settings"),
    30001: Meaning("busy", "Too many messages wait at Twilio.", "temporary"),
    30002: Meaning("sign_in", CLOSED, "settings"),
    30003: Meaning("mailbox_off", "The phone could not be reached.", bounced=True),
    30004: Meaning("refused", "The number blocks messages like this one.", bounced=True),
    30005: Meaning("no_mailbox", "The number does not exist any more.", bounced=True),
    30006: Meaning(
        "no_mailbox", "The number is a landline or its network is unknown.", bounced=True
    ),
    30007: Meaning("spam", FILTERED),
    30008: Meaning("", "The mobile network did not deliver the message and does not say why."),
    30009: Meaning("fault", "A part of the message was lost."),
    30010: Meaning("not_allowed", "The message costs more than the Twilio account allows."),
    30017: Meaning("busy", "The mobile network is too busy.", "temporary"),
    30018: Meaning("sender_checks", NOT_REGISTERED),
    30019: Meaning("too_large", LONG),
    30022: Meaning("busy", "The sender has reached its limit for the moment.", "temporary"),
    30023: Meaning("busy", "The sender has reached its limit for today.", "temporary"),
    30024: Meaning("sender_checks", NOT_REGISTERED),
    30032: Meaning("sender_checks", NOT_REGISTERED),
    30034: Meaning("sender_checks", NOT_REGISTERED),
    30036: Meaning("timeout", "The message could not be delivered while it was of use."),
    30037: Meaning("not_allowed", BLOCKED_BY_US),
    30038: Meaning("spam", FILTERED),
    30410: Meaning("timeout", "The mobile network did not answer in time."),
    30450: Meaning("not_allowed", "Twilio took the message for toll fraud and stopped it."),
}

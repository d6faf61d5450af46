"""Why the message that carries the newest link did not arrive, and what helps."""

from __future__ import annotations

from collections.abc import Callable

from portal.models.contact_facts import DeliveryFacts
from portal.models.delivery import Status
from portal.verdict.buttons import (
    COPY,
    CORRECT,
    for_leaders,
    go_round,
    hand_over,
    once_more,
    send_again,
)
from portal.verdict.case import Case, Verdict
from portal.verdict.phrases import called, sentence, why


def trouble(case: Case) -> Verdict | None:
    """Say why the message did not arrive, and what helps."""
    delivery = case.story.delivery
    if delivery is None or delivery.status not in _ENDS:
        return None
    if delivery.status in (Status.FAILED, Status.BOUNCED) and delivery.cause in _CAUSES:
        return _CAUSES[delivery.cause](case, delivery)
    return _ENDS[Status(delivery.status)](case, delivery)


def _no_mailbox(case: Case, delivery: DeliveryFacts) -> Verdict:
    is_mail = delivery.channel in case.mail
    thing = "mailbox" if is_mail else f"address for {case.name(delivery.channel)}"
    words = f"The {thing} does not exist: {case.place(delivery)} does not know it."
    return Verdict(words if is_mail else f"The {thing} does not exist.", "bad", CORRECT)


def _no_domain(case: Case, delivery: DeliveryFacts) -> Verdict:
    return Verdict(f"{case.place(delivery)} takes no mail.", "bad", CORRECT)


def _bad_address(case: Case, _delivery: DeliveryFacts) -> Verdict:
    return Verdict(f"The address of {case.who} cannot be used as it is written.", "bad", CORRECT)


def _full(case: Case, _delivery: DeliveryFacts) -> Verdict:
    return Verdict(f"The mailbox of {case.who} is full.", "bad", go_round(case))


def _off(case: Case, _delivery: DeliveryFacts) -> Verdict:
    words = f"The mailbox of {case.who} is turned off. Ask for another address."
    return Verdict(words, "bad", CORRECT)


def _refuses_us(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason = "the checks of our sender address failed (SPF, DKIM, DMARC)"
    words = f"{case.place(delivery)} refuses us: {reason}."
    return for_leaders(case, delivery, words)


def _not_let_in(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason = sentence(delivery.error) or "its settings are not accepted"
    return for_leaders(case, delivery, f"{case.name(delivery.channel)} cannot send: {reason}.")


def _spam(case: Case, delivery: DeliveryFacts) -> Verdict:
    return Verdict(f"{case.place(delivery)} took the message for spam.", "bad", go_round(case))


def _opted_out(case: Case, delivery: DeliveryFacts) -> Verdict:
    words = f"{case.who} wants no messages by {case.name(delivery.channel)}."
    return Verdict(words, "bad", go_round(case))


def _failed(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason = sentence(delivery.error) or "the provider did not say why"
    how = "came back" if delivery.status == Status.BOUNCED else "could not be sent"
    return Verdict(f"{called(delivery)} {how}: {reason}.", "bad", once_more(case, delivery))


def _complained(case: Case, _delivery: DeliveryFacts) -> Verdict:
    words = f"{case.who} marked the message as spam. Talk to them before you send another."
    return Verdict(words, "bad", COPY)


def _given_up(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason = why(delivery, "it could not be sent in time")
    return Verdict(f"{called(delivery)} was given up: {reason}.", "bad", send_again(case))


def _unknown(case: Case, delivery: DeliveryFacts) -> Verdict:
    words = f"Nobody can tell whether {called(delivery).lower()} went out. Ask {case.who} first."
    return Verdict(words, "bad", hand_over(case) or once_more(case, delivery))


def _not_sent(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason = sentence(delivery.error)
    words = f"{called(delivery)} was not sent{f': {reason}' if reason else ''}."
    return Verdict(words, "note", send_again(case))


_Ruling = Callable[[Case, DeliveryFacts], Verdict]
_CAUSES: dict[str, _Ruling] = {
    "no_mailbox": _no_mailbox,
    "no_domain": _no_domain,
    "bad_address": _bad_address,
    "mailbox_full": _full,
    "mailbox_off": _off,
    "sender_checks": _refuses_us,
    "sign_in": _not_let_in,
    "not_allowed": _not_let_in,
    "spam": _spam,
    "opted_out": _opted_out,
}
_ENDS: dict[str, _Ruling] = {
    Status.FAILED: _failed,
    Status.BOUNCED: _failed,
    Status.COMPLAINED: _complained,
    Status.EXPIRED: _given_up,
    Status.UNKNOWN: _unknown,
    Status.CANCELLED: _not_sent,
}

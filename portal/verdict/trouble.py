"""Why the message that carries the newest link did not arrive, and what helps."""

from __future__ import annotations

from collections.abc import Callable

from portal.languages import _
from portal.models.contact_facts import DeliveryFacts
from portal.models.delivery import Status
from portal.verdict.buttons import (
    copy,
    correct,
    for_leaders,
    go_round,
    hand_over,
    once_more,
    send_again,
)
from portal.verdict.case import Case, Verdict
from portal.verdict.messages import say
from portal.verdict.phrases import sentence, why


def trouble(case: Case) -> Verdict | None:
    """Say why the message did not arrive, and what helps."""
    delivery = case.story.delivery
    if delivery is None or delivery.status not in _ENDS:
        return None
    if delivery.status in (Status.FAILED, Status.BOUNCED) and delivery.cause in _CAUSES:
        return _CAUSES[delivery.cause](case, delivery)
    return _ENDS[Status(delivery.status)](case, delivery)


def _no_mailbox(case: Case, delivery: DeliveryFacts) -> Verdict:
    if delivery.channel in case.mail:
        place = case.place(delivery)
        words = _("The mailbox does not exist: %(place)s does not know it.", place=place)
    else:
        name = case.name(delivery.channel)
        words = _("The address for %(channel)s does not exist.", channel=name)
    return Verdict(words, "bad", correct())


def _no_domain(case: Case, delivery: DeliveryFacts) -> Verdict:
    words = _("%(place)s takes no mail.", place=case.place(delivery))
    return Verdict(words, "bad", correct())


def _bad_address(case: Case, _delivery: DeliveryFacts) -> Verdict:
    words = _("The address of %(who)s cannot be used as it is written.", who=case.who)
    return Verdict(words, "bad", correct())


def _full(case: Case, _delivery: DeliveryFacts) -> Verdict:
    return Verdict(_("The mailbox of %(who)s is full.", who=case.who), "bad", go_round(case))


def _off(case: Case, _delivery: DeliveryFacts) -> Verdict:
    words = _("The mailbox of %(who)s is turned off. Ask for another address.", who=case.who)
    return Verdict(words, "bad", correct())


def _refuses_us(case: Case, delivery: DeliveryFacts) -> Verdict:
    words = _(
        "%(place)s refuses us: the checks of our sender address failed (SPF, DKIM, DMARC).",
        place=case.place(delivery),
    )
    return for_leaders(case, delivery, words)


def _not_let_in(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason = sentence(delivery.error) or _("its settings are not accepted")
    name = case.name(delivery.channel)
    words = _("%(channel)s cannot send: %(why)s.", channel=name, why=reason)
    return for_leaders(case, delivery, words)


def _spam(case: Case, delivery: DeliveryFacts) -> Verdict:
    words = _("%(place)s took the message for spam.", place=case.place(delivery))
    return Verdict(words, "bad", go_round(case))


def _opted_out(case: Case, delivery: DeliveryFacts) -> Verdict:
    name = case.name(delivery.channel)
    words = _("%(who)s wants no messages by %(channel)s.", who=case.who, channel=name)
    return Verdict(words, "bad", go_round(case))


def _failed(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason = sentence(delivery.error) or _("the provider did not say why")
    state = "bounced" if delivery.status == Status.BOUNCED else "failed"
    return Verdict(say(delivery, state, why=reason), "bad", once_more(case, delivery))


def _complained(case: Case, _delivery: DeliveryFacts) -> Verdict:
    words = _(
        "%(who)s marked the message as spam. Talk to them before you send another.", who=case.who
    )
    return Verdict(words, "bad", copy())


def _given_up(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason = why(delivery, _("it could not be sent in time"))
    return Verdict(say(delivery, "given_up", why=reason), "bad", send_again(case))


def _unknown(case: Case, delivery: DeliveryFacts) -> Verdict:
    words = say(delivery, "unknown", who=case.who)
    return Verdict(words, "bad", hand_over(case) or once_more(case, delivery))


def _not_sent(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason = sentence(delivery.error)
    words = say(delivery, "not_sent_why", why=reason) if reason else say(delivery, "not_sent")
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

"""What the message that carries the newest link waits for, when it has not gone out."""

from __future__ import annotations

from datetime import timedelta

from portal.languages import _, mark
from portal.models.contact_facts import DeliveryFacts
from portal.models.delivery import Status
from portal.verdict.buttons import for_leaders
from portal.verdict.case import Action, Case, Deed, Verdict
from portal.verdict.messages import say
from portal.verdict.phrases import why

SOON = timedelta(minutes=5)
_WHY_PAUSED = {
    "sign_in": mark("its settings or its sign-in at the provider are not accepted"),
    "failures": mark("its provider failed several times in a row"),
}


def under_way(case: Case) -> Verdict | None:
    """Say what a message waits for that has not gone out."""
    delivery = case.story.delivery
    if delivery is None or delivery.status not in (Status.QUEUED, Status.SENDING):
        return None
    if delivery.status == Status.SENDING:
        return Verdict(say(delivery, "sending"), "note", is_waiting=True)
    if delivery.channel in case.story.paused:
        return _paused(case, delivery)
    return _tried_again(case, delivery) if delivery.attempts else _first_try(case, delivery)


def _paused(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason = _WHY_PAUSED.get(case.story.paused[delivery.channel])
    words = _(
        "%(channel)s is paused and the message waits: %(why)s.",
        channel=case.name(delivery.channel),
        why=_(reason) if reason else _("somebody has to look at it"),
    )
    return for_leaders(case, delivery, words)


def _first_try(case: Case, delivery: DeliveryFacts) -> Verdict:
    wait = delivery.due_at - case.at
    if wait < timedelta(seconds=2):
        return Verdict(say(delivery, "about_to_go"), "note", is_waiting=True)
    now = Action(Deed.SEND_NOW, _("Send now"), row_id=delivery.id)
    if wait > SOON:
        words = say(delivery, "goes_at", when=case.moment(delivery.due_at))
        return Verdict(words, "note", now)
    words = say(delivery, "goes_in", seconds=str(wait // timedelta(seconds=1)))
    return Verdict(words, "note", now, is_waiting=True)


def _tried_again(case: Case, delivery: DeliveryFacts) -> Verdict:
    words = _(
        "Not sent yet: %(why)s. The next try is %(when)s.",
        why=why(delivery, _("it could not be sent")),
        when=case.moment(delivery.due_at),
    )
    now = Action(Deed.SEND_NOW, _("Try now"), row_id=delivery.id)
    return Verdict(words, "note", now, is_waiting=True)

"""What the message that carries the newest link waits for, when it has not gone out."""

from __future__ import annotations

from datetime import timedelta

from portal.models.contact_facts import DeliveryFacts
from portal.models.delivery import Status
from portal.verdict.buttons import for_leaders
from portal.verdict.case import Action, Case, Deed, Verdict
from portal.verdict.phrases import called, why

SOON = timedelta(minutes=5)
_WHY_PAUSED = {
    "sign_in": "its settings or its sign-in at the provider are not accepted",
    "failures": "its provider failed several times in a row",
}


def under_way(case: Case) -> Verdict | None:
    """Say what a message waits for that has not gone out."""
    delivery = case.story.delivery
    if delivery is None or delivery.status not in (Status.QUEUED, Status.SENDING):
        return None
    if delivery.status == Status.SENDING:
        return Verdict(f"{called(delivery)} is being sent.", "note", is_waiting=True)
    if delivery.channel in case.story.paused:
        return _paused(case, delivery)
    return _tried_again(case, delivery) if delivery.attempts else _first_try(case, delivery)


def _paused(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason = _WHY_PAUSED.get(case.story.paused[delivery.channel], "somebody has to look at it")
    words = f"{case.name(delivery.channel)} is paused and the message waits: {reason}."
    return for_leaders(case, delivery, words)


def _first_try(case: Case, delivery: DeliveryFacts) -> Verdict:
    wait = delivery.due_at - case.at
    if wait < timedelta(seconds=2):
        return Verdict(f"{called(delivery)} is about to go out.", "note", is_waiting=True)
    now = Action(Deed.SEND_NOW, "Send now", row_id=delivery.id)
    if wait > SOON:
        return Verdict(f"{called(delivery)} goes out {case.moment(delivery.due_at)}.", "note", now)
    seconds = wait // timedelta(seconds=1)
    words = f"{called(delivery)} goes out in {seconds} s; until then it can be taken back."
    return Verdict(words, "note", now, is_waiting=True)


def _tried_again(case: Case, delivery: DeliveryFacts) -> Verdict:
    reason, moment = why(delivery, "it could not be sent"), case.moment(delivery.due_at)
    words = f"Not sent yet: {reason}. The next try is {moment}."
    now = Action(Deed.SEND_NOW, "Try now", row_id=delivery.id)
    return Verdict(words, "note", now, is_waiting=True)

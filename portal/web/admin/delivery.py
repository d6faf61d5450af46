"""One delivery: its attempts in the server's own words, the message, and what staff can do now."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal import plugins, routing
from portal.flows.outbox import retry, send_by
from portal.languages import _, mark
from portal.models import delivery_story
from portal.models.delivery import ARRIVING, PENDING, Delivery, Status
from portal.models.delivery_list import REVIVABLE
from portal.models.delivery_story import DeliveryPeople
from portal.web.admin import delivery_words, letter
from portal.web.admin.delivery_lines import as_line, as_step
from portal.web.admin.desk import at_desk, desk, go

bp = desk("delivery", __name__, path="/deliveries")


@bp.get("/<int:delivery_id>")
def show(delivery_id: int) -> ResponseReturnValue:
    people = _found(delivery_id)
    page = render_template("admin/delivery.html", **_story(people), **_words_of(people))
    answer = Response(page)
    answer.headers["Content-Security-Policy"] = letter.PAGE_CSP
    return answer


@bp.get("/<int:delivery_id>/story")
def story(delivery_id: int) -> ResponseReturnValue:
    g.is_poll = True
    return render_template("admin/_delivery.html", **_story(_found(delivery_id)))


@bp.get("/<int:delivery_id>/html")
def html(delivery_id: int) -> ResponseReturnValue:
    """Answer with the message's own HTML, masked, for a frame in which nothing runs."""
    account, _staff = at_desk()
    message = letter.masked_message(account, _found(delivery_id))
    if not message.html:
        abort(404)
    answer = Response(message.html, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = letter.LETTER_CSP
    return answer


@bp.post("/<int:delivery_id>/retry", endpoint="retry")
def send_again(delivery_id: int) -> ResponseReturnValue:
    account, staff = at_desk()
    delivery = _found(delivery_id).delivery
    if retry(account, delivery, by=staff, request_id=g.request_id):
        flash(_("On its way again, with the same link."), "good")
    else:
        flash(_(_TOO_LATE), "bad")
    return go(url_for(".show", delivery_id=delivery_id))


@bp.post("/<int:delivery_id>/send-by", endpoint="send_by")
def by_another_channel(delivery_id: int) -> ResponseReturnValue:
    _account, staff = at_desk()
    people = _found(delivery_id)
    channel = request.form.get("channel", "")
    if channel not in dict(ways(people, delivery_story.chain(people.delivery))):
        abort(404)
    sent = send_by(people.delivery, channel, by=staff)
    if sent is None:
        flash(_(_TOO_LATE), "bad")
        return go(url_for(".show", delivery_id=delivery_id))
    name = delivery_words.channel_name(channel)
    flash(_("The same link is on its way by %(channel)s.", channel=name), "good")
    return go(url_for(".show", delivery_id=sent.id))


_TOO_LATE = mark(
    "It cannot be sent again: its link was used, replaced or is over, or something else stands in "
    "for it. Send a new message instead."
)


def _found(delivery_id: int) -> DeliveryPeople:
    account, _staff = at_desk()
    people = delivery_story.with_people(account, delivery_id)
    if people is None:
        abort(404)
    return people


def _story(people: DeliveryPeople) -> dict[str, Any]:
    delivery = people.delivery
    is_queued = delivery.status == Status.QUEUED
    steps, chain = delivery_story.events(delivery), delivery_story.chain(delivery)
    return {
        "delivery": delivery,
        "contact": people.contact,
        "chip": delivery_words.chip(
            delivery.status, due_at=delivery.due_at, attempts=delivery.attempts, held=delivery.held
        ),
        "meaning": _(delivery_words.MEANINGS[delivery.status]),
        "kind": delivery_words.kind_words(delivery.kind),
        "channel": delivery_words.channel_name(delivery.channel),
        "cause": delivery_words.cause_words(delivery.cause) if delivery.cause else "",
        "steps": [as_step(step) for step in steps],
        "chain": [as_line(one) for one in chain],
        "pending": delivery_words.is_moving(delivery.status, due_at=delivery.due_at),
        "can": {
            "cancel": is_queued,
            "send_now": is_queued and delivery.attempts == 0,
            "retry": delivery.status in REVIVABLE
            and people.is_alive
            and not _stood_in(people, chain),
        },
        "ways": ways(people, chain),
    }


def _stood_in(people: DeliveryPeople, chain: list[Delivery]) -> bool:
    mine = [one for one in chain if one.follows_id == people.delivery.id]
    return any(one.status in (*PENDING, *ARRIVING) for one in mine)


def _words_of(people: DeliveryPeople) -> dict[str, Any]:
    account, _staff = at_desk()
    channel = plugins.current().channel(people.delivery.channel)
    is_mail = channel is None or channel.caps.address == "email"
    return {"letter": letter.masked_message(account, people), "is_mail": is_mail}


def ways(people: DeliveryPeople, chain: list[Delivery]) -> list[tuple[str, str]]:
    """Return (id, name) of the channels that could carry the same link to the contact, and have
    not; none once another message stands in for this one."""
    account, _staff = at_desk()
    delivery = people.delivery
    has_follower = any(one.follows_id == delivery.id for one in chain)
    if not people.is_alive or has_follower or delivery.status == Status.DELIVERED:
        return []
    tried = {one.channel for one in chain}
    return [
        (name, delivery_words.channel_name(name))
        for name in routing.order(account, delivery.kind)
        if name not in tried and routing.reaches(name, people.contact)
    ]

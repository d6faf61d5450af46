"""The buttons that several verdicts share, and who gets which."""

from __future__ import annotations

from portal.languages import _
from portal.models.contact_facts import DeliveryFacts, LinkFacts
from portal.verdict.case import Action, Case, Deed, Verdict


def correct() -> Action:
    return Action(Deed.EDIT, _("Correct the address"))


def copy() -> Action:
    return Action(Deed.COPY_LINK, _("Generate Magic Link"))


def send_again(case: Case) -> Action:
    is_invited = case.story.status == "invited"
    return Action(Deed.SEND_AGAIN, _("Resend invite") if is_invited else _("Send Login Email"))


def anew(case: Case, link: LinkFacts) -> Action:
    """A link that was copied is copied anew; one that was sent is sent anew."""
    return copy() if link.kind == "magic" else send_again(case)


def another_way(case: Case) -> Action | None:
    """Return the button that sends the newest link by another channel, if one reaches them."""
    if not case.ways or case.story.delivery is None:
        return None
    channel, name = case.ways[0]
    return Action(
        Deed.SEND_BY, _("Send by %(channel)s", channel=name), channel, case.story.delivery.id
    )


def hand_over(case: Case) -> Action | None:
    task_id = case.story.task_id
    return Action(Deed.HAND_OVER, _("Show link"), row_id=task_id) if task_id else None


def go_round(case: Case) -> Action:
    return another_way(case) or hand_over(case) or copy()


def once_more(case: Case, delivery: DeliveryFacts) -> Action:
    """Offer what brings the link to them soonest; a link that is over needs a new message."""
    if case.story.link is None or not case.is_alive(case.story.link):
        return send_again(case)
    other = another_way(case) or hand_over(case)
    return other or Action(Deed.RETRY, _("Retry"), row_id=delivery.id)


def for_leaders(case: Case, delivery: DeliveryFacts, words: str) -> Verdict:
    """Only owners and admins can mend a channel; support can go round it."""
    if case.leads:
        return Verdict(words, "bad", Action(Deed.CHANNEL, _("Open the channel"), delivery.channel))
    return Verdict(f"{words} {_('Ask the owner to mend it.')}", "bad", another_way(case))

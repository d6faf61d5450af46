"""Handing a link over: what could not be delivered is copied by staff, once, and is the same."""

from __future__ import annotations

from uuid import UUID

import pytest

from portal.db import db
from portal.errors import AlreadyShownError, LinkEndedError
from portal.flows.magic_link import Shown, hand_over
from portal.models import Account, Contact, MagicLink, Staff
from tests.cast import Client
from tests.links import rows
from tests.links.acme import Acme


def hands_over(acme: Acme, link_id: UUID) -> Shown:
    with acme.world.app.app_context():
        account, ada = Account.by_slug(acme.slug), Staff.by_email(acme.owner)
        link = db.session.get(MagicLink, link_id)
        assert account
        assert ada
        assert link
        contact = db.session.get_one(Contact, link.contact_id)
        return hand_over(account, contact, link, ada)


def newest(acme: Acme) -> UUID:
    return UUID(str(rows.links(acme.world.app)[-1].id))


def test_the_link_handed_over_is_the_one_that_was_mailed(acme: Acme, carl: Client) -> None:
    acme.invites(carl.email, carl.name)
    mailed = carl.letter().link
    shown = hands_over(acme, newest(acme))
    assert shown.link == mailed
    assert mailed in shown.message.splitlines()
    assert "Ada Byron at Acme made you this link" in shown.message
    assert shown.problem == ""
    (event,) = rows.events(acme.world.app, "handed_over")
    assert event.link_id == newest(acme)
    carl.opens(shown.link).presses("Sign in").sees("Welcome to Acme")
    carl.another_browser().opens(mailed).sees("already used")


def test_its_life_begins_when_it_is_handed_over(acme: Acme, carl: Client) -> None:
    acme.invites(carl.email)
    carl.letters()
    before = rows.links(acme.world.app)[-1].expires_at
    shown = hands_over(acme, newest(acme))
    assert rows.links(acme.world.app)[-1].expires_at == shown.expires_at > before


def test_it_is_shown_once(acme: Acme, carl: Client) -> None:
    acme.invites(carl.email)
    hands_over(acme, newest(acme))
    with pytest.raises(AlreadyShownError, match="already shown"):
        hands_over(acme, newest(acme))
    assert len(rows.events(acme.world.app, "handed_over")) == 1


def test_a_used_link_is_not_handed_over(acme: Acme, carl: Client) -> None:
    acme.invites(carl.email)
    carl.signs_in()
    with pytest.raises(LinkEndedError, match="used meanwhile"):
        hands_over(acme, newest(acme))


def test_a_link_of_someone_shut_out_is_not_handed_over(acme: Acme, carl: Client) -> None:
    acme.invites(carl.email)
    acme.suspends(carl.email)
    with pytest.raises(LinkEndedError, match="access or address changed"):
        hands_over(acme, newest(acme))


def test_an_expired_link_is_not_revived(acme: Acme, carl: Client) -> None:
    acme.invites(carl.email)
    carl.letters()
    world = acme.world
    rows.execute(world.app, "UPDATE magic_link SET expires_at = created_at")
    with pytest.raises(LinkEndedError, match="expired"):
        hands_over(acme, newest(acme))
    assert rows.events(world.app, "handed_over") == []

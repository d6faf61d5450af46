"""Two hundred presses of one link at the same moment, over two processes: one session."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from portal import tokens
from tests.cast import Client, World
from tests.links import rows
from tests.links.acme import Acme
from tests.links.two_processes import Press, Visitor, at_once, two_processes

CROWD = 200


def test_of_two_hundred_browsers_one_gets_in(world: World, acme: Acme, invited: Client) -> None:
    token = acme.copies_link(invited.email).rsplit("/", 1)[1]
    with two_processes(world.app, PORTAL_LIMITS="off") as port:
        visitors = [Visitor(port) for _ in range(CROWD)]
        with ThreadPoolExecutor(8) as some:
            presses = [
                Press(visitor, *opened)
                for visitor, opened in zip(
                    visitors, some.map(lambda one: one.opens(token), visitors), strict=True
                )
            ]
        answers = at_once(presses)
        (winner,) = [press for press, one in zip(presses, answers, strict=True) if one[0] == 303]
        assert "Welcome to" in winner.visitor.asks("GET", "/p/acme/").body
    assert sorted({answer.status for answer in answers}) == [303, 410]
    losers = [answer for answer in answers if answer.status == 410]
    assert all("This link was already used" in answer.body for answer in losers)
    assert not any("portal_acme" in answer.set_cookies for answer in losers)
    (session,) = rows.sessions(world.app)
    assert session.digest == tokens.digest(winner.visitor.cookies["portal_acme"])
    assert len(rows.events(world.app, "signed_in")) == 1


def test_of_two_hundred_presses_of_one_browser_the_last_holds_the_session(
    world: World, acme: Acme, invited: Client
) -> None:
    token = acme.copies_link(invited.email).rsplit("/", 1)[1]
    with two_processes(world.app, PORTAL_LIMITS="off") as port:
        browser = Visitor(port)
        opened = browser.opens(token)
        answers = at_once([Press(Visitor(port, browser.cookies), *opened) for _ in range(CROWD)])
    assert {answer.status for answer in answers} == {303}
    secrets = [answer.set_cookies["portal_acme"] for answer in answers]
    assert len(set(secrets)) == CROWD
    (session,) = rows.sessions(world.app)
    assert [secret for secret in secrets if tokens.digest(secret) == session.digest] != []
    assert len(rows.events(world.app, "signed_in")) == 1

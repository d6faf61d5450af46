"""What providers report: found by its key, believed when proven, and never going back."""

from __future__ import annotations

import json
import threading
from itertools import permutations
from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal.channel import Receipt
from portal.db import db
from portal.flows.receive import receive
from portal.models.channel_setting import ChannelSetting
from portal.models.delivery import Delivery, Status
from portal.models.staff_task import StaffTask
from tests.cast import Client, Staff, Stranger, World
from tests.delivery_pages.conftest import Acme

WORD = {"X-Word": "coo"}
ENDS = (Status.BOUNCED, Status.COMPLAINED, Status.FAILED)


@pytest.fixture
def sent(keeps_pigeons: Acme, carl_has_a_phone: Client, ada: Staff) -> Delivery:
    """An invitation to Carl that Pigeon took."""
    keeps_pigeons.choose(channels={"invite": ["pigeon", "email"]})
    ada.invites(carl_has_a_phone.email)
    keeps_pigeons.world.worker.drains()
    found = keeps_pigeons.last()
    assert (found.channel, found.status) == ("pigeon", "sent")
    return found


def key_of(delivery: Delivery) -> str:
    return f"delivery-{delivery.id}-{delivery.link_id.hex}"


def reports(acme: Acme, *receipts: dict[str, str], path: str = "", **kwargs: Any) -> TestResponse:
    """Post what the provider of Pigeon would."""
    url = f"/hooks/pigeon/{acme.setting().receipt_key}{path}"
    kwargs = {"data": json.dumps(receipts), "headers": WORD, **kwargs}
    return Stranger(acme.world).browser.asks(kwargs.pop("method", "POST"), url, **kwargs)


def test_a_bounce_stands_beside_the_invitation_and_the_next_channel_takes_the_same_link(
    keeps_pigeons: Acme, sent: Delivery, ada: Staff, carl: Client
) -> None:
    told = {"status": "bounced", "key": key_of(sent), "reason": "There is no such roof.",
            "reply": "550 no roof", "cause": "no_mailbox"}  # fmt: skip
    assert reports(keeps_pigeons, told).status_code == 204
    page = ada.page_of(carl.email).sees("The message came back", "There is no such roof.")
    page.sees("550 no roof", "The same link goes by E-mail now")
    bounced, follower = keeps_pigeons.deliveries()
    assert (bounced.status, bounced.cause) == ("bounced", "no_mailbox")
    assert (follower.follows_id, follower.link_id) == (sent.id, sent.link_id)
    assert keeps_pigeons.access(sent.contact_id).undelivered
    (request,) = keeps_pigeons.pigeon.sent
    assert carl.letter().link == request.link
    assert not keeps_pigeons.access(sent.contact_id).undelivered
    carl.opens(request.link).presses("Sign in").sees("Welcome to Acme")


def test_what_another_channel_has_taken_over_is_not_sent_again(
    keeps_pigeons: Acme, sent: Delivery, ada: Staff
) -> None:
    reports(keeps_pigeons, {"status": "bounced", "key": key_of(sent)})
    retry = "deliveries/retry?status=bounced"
    for _ in range(2):
        page = ada.at(f"deliveries/{sent.id}")
        assert "Retry" not in [one.get_text(strip=True) for one in page.soup.select("button")]
        ada.at(retry).sees("None of them can be sent again")
        keeps_pigeons.world.worker.drains()
    follower = keeps_pigeons.last()
    keeps_pigeons.change(follower.id, status="failed")
    ada.at(retry).sees("1 message goes out again").presses("Retry it").sees("on the way again")


def test_without_another_channel_staff_are_asked(keeps_pigeons: Acme, sent: Delivery,
                                                 ada: Staff) -> None:  # fmt: skip
    keeps_pigeons.choose(channels={"invite": ["pigeon"]})
    reports(keeps_pigeons, {"status": "failed", "key": key_of(sent), "reason": "It is raining."})
    ada.at().sees("To do: hand over this link", "It is raining.")
    ada.at().sees("Undelivered", "Other reasons · 1")


def test_a_status_only_moves_forward_in_whatever_order_receipts_come(
    keeps_pigeons: Acme, sent: Delivery
) -> None:
    told = ["sent", "delivered", "complained"]
    for order in (*permutations(told), ("delivered", "complained"), ("complained", "delivered")):
        keeps_pigeons.change(sent.id, status=Status.SENT)
        for status in (*order, *order):
            answer = reports(keeps_pigeons, {"status": status, "key": key_of(sent)})
            assert answer.status_code == 204
        assert keeps_pigeons.deliveries()[0].status == told[-1], order


def test_an_end_is_an_end(keeps_pigeons: Acme, sent: Delivery) -> None:
    for end in (*ENDS, Status.CANCELLED, Status.EXPIRED):
        keeps_pigeons.change(sent.id, status=end)
        for status in ("sent", "delivered", *ENDS):
            reports(keeps_pigeons, {"status": status, "key": key_of(sent)})
        assert keeps_pigeons.deliveries()[0].status == end


def test_a_receipt_that_comes_twice_is_one_line_of_the_history(
    keeps_pigeons: Acme, sent: Delivery
) -> None:
    for _again in range(3):
        told = {"status": "delivered", "provider_id": sent.provider_id}
        assert reports(keeps_pigeons, told).status_code == 204
    assert len(keeps_pigeons.events("delivered")) == 1


def test_of_many_at_once_one_is_taken_down(keeps_pigeons: Acme, sent: Delivery) -> None:
    account_id, app = keeps_pigeons.account().id, keeps_pigeons.app
    told = Receipt(status="bounced", key=key_of(sent), reason="No roof.")
    start, failures = threading.Barrier(6), []

    def report() -> None:
        with app.app_context():
            start.wait()
            try:
                assert receive(account_id, "pigeon", [told]) == 1
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=report) for _one in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(keeps_pigeons.events("bounced")) == 1
    assert len(keeps_pigeons.events("fallback")) == 1
    assert len(keeps_pigeons.deliveries()) == 2


def test_a_receipt_may_come_before_the_send_has_returned(
    keeps_pigeons: Acme, sent: Delivery
) -> None:
    keeps_pigeons.change(sent.id, status=Status.SENDING, provider_id="")
    path = f"/{key_of(sent)}"
    answer = reports(keeps_pigeons, {"status": "delivered"}, path=path)
    assert (answer.status_code, keeps_pigeons.last().status) == (204, "delivered")


def test_gateways_that_only_know_get_are_heard(keeps_pigeons: Acme, sent: Delivery) -> None:
    path = f"/{key_of(sent)}?status=delivered&word=coo"
    assert reports(keeps_pigeons, path=path, method="GET", data=None).status_code == 204
    assert keeps_pigeons.last().status == "delivered"
    assert reports(keeps_pigeons, path=path, method="HEAD", data=None).status_code == 405


def test_a_forged_receipt_changes_nothing(keeps_pigeons: Acme, sent: Delivery) -> None:
    told = {"status": "bounced", "key": key_of(sent)}
    assert reports(keeps_pigeons, told, headers={"X-Word": "caw"}).status_code == 403
    assert reports(keeps_pigeons, told, headers={}).status_code == 403
    assert keeps_pigeons.last().status == "sent"


def test_what_makes_no_sense_is_answered_with_400(keeps_pigeons: Acme, sent: Delivery) -> None:
    assert reports(keeps_pigeons, data="coo?").status_code == 400


def test_a_plugin_that_fails_is_asked_again_and_shown(
    keeps_pigeons: Acme, sent: Delivery, ada: Staff
) -> None:
    keeps_pigeons.pigeon.breaks = "the loft burnt down, the word was coo"
    assert reports(keeps_pigeons, {"status": "bounced", "key": key_of(sent)}).status_code == 503
    page = ada.at("plugins/").sees("pigeon in parse_receipt", "the loft burnt down")
    assert keeps_pigeons.last().status == "sent"
    keeps_pigeons.pigeon.breaks = ""
    assert reports(keeps_pigeons, {"status": "lost", "key": key_of(sent)}).status_code == 503
    page = ada.at("plugins/").sees("must list Receipts")
    assert page.status == 200


def test_unknown_addresses_all_look_the_same(
    keeps_pigeons: Acme, sent: Delivery, bea: Staff
) -> None:
    bea.at("channels/pigeon").presses("Save", **{"set-word": "coo"})
    stranger, key = Stranger(keeps_pigeons.world).browser, keeps_pigeons.setting().receipt_key
    other = next(row for row in all_settings(keeps_pigeons) if row.receipt_key != key)
    told = json.dumps([{"status": "bounced", "key": key_of(sent)}])
    paths = [
        f"/hooks/pigeon/{'0' * 43}",
        f"/hooks/email/{key}",
        f"/hooks/nothing/{key}",
        f"/hooks/clipboard/{key}",
        f"/hooks/pigeon/{key}/{'x' * 300}",
        f"/hooks/pigeon/{'x' * 300}",
        f"/hooks/pigeon/{other.receipt_key}",
    ]
    answers = [stranger.asks("POST", path, data=told, headers=WORD) for path in paths]
    assert {(one.status_code, one.get_data()) for one in answers} == {(404, b"Not found.")}
    assert keeps_pigeons.last().status == "sent"


def all_settings(acme: Acme) -> list[ChannelSetting]:
    with acme.app.app_context():
        return list(db.session.scalars(db.select(ChannelSetting)))


def test_a_number_without_its_link_names_nothing(keeps_pigeons: Acme, sent: Delivery) -> None:
    for key in (f"delivery-{sent.id}-{'0' * 32}", f"delivery-{sent.id}", "delivery-x", ""):
        told = {"status": "bounced", "key": key, "provider_id": "" if key else "bird-9"}
        assert reports(keeps_pigeons, told).status_code == 404
    assert keeps_pigeons.last().status == "sent"


def test_a_report_may_be_as_large_as_a_bounce_and_no_larger(
    keeps_pigeons: Acme, sent: Delivery
) -> None:
    told = {"status": "bounced", "key": key_of(sent), "reply": "x" * (2 * 1024 * 1024)}
    assert reports(keeps_pigeons, told).status_code == 204
    assert len(keeps_pigeons.deliveries()[0].reply) <= 500
    assert reports(keeps_pigeons, data=b"x" * (5 * 1024 * 1024 + 1)).status_code == 413


def test_who_guesses_is_stopped_for_a_while(keeps_pigeons: Acme, sent: Delivery) -> None:
    stranger = Stranger(keeps_pigeons.world).browser
    answers = [
        stranger.asks("POST", f"/hooks/pigeon/{n:043}", data="").status_code for n in range(62)
    ]
    assert (set(answers[:60]), set(answers[60:])) == ({404}, {429})


def test_who_guesses_keeps_no_true_report_of_the_same_provider_out(
    keeps_pigeons: Acme, sent: Delivery
) -> None:
    stranger = Stranger(keeps_pigeons.world).browser
    for n in range(61):
        stranger.asks("POST", f"/hooks/pigeon/{n:043}", data="")
    told = {"status": "delivered", "key": key_of(sent)}
    assert reports(keeps_pigeons, told).status_code == 204


def test_forgeries_to_one_address_are_stopped_for_a_while(
    keeps_pigeons: Acme, sent: Delivery
) -> None:
    told = {"status": "delivered", "key": key_of(sent)}
    answers = [
        reports(keeps_pigeons, told, headers={"X-Word": "caw"}).status_code for _ in range(61)
    ]
    assert (set(answers[:60]), answers[60]) == ({403}, 429)


@pytest.mark.parametrize(
    "odd",
    [
        {"reason": "half \ud800 a letter", "reply": "nul \0 \udfff"},
        {"key": "", "provider_id": "\ud800"},
        {"cause": "x" * 50},
        {"cause": "a\0b"},
    ],
)
def test_words_that_no_database_keeps_are_no_fault_of_ours(
    keeps_pigeons: Acme, sent: Delivery, odd: dict[str, str]
) -> None:
    told = {"status": "bounced", "key": key_of(sent), **odd}
    found = reports(keeps_pigeons, data=json.dumps([told]))
    assert found.status_code == (404 if "provider_id" in odd else 204)


def test_no_link_or_code_of_a_returned_message_is_kept(
    keeps_pigeons: Acme, sent: Delivery, ada: Staff, carl: Client
) -> None:
    (request,) = keeps_pigeons.pigeon.sent
    words = f"Returned: {request.link} and {request.link[-24:]}"
    told = {"status": "bounced", "key": key_of(sent), "reason": words, "reply": words}
    assert reports(keeps_pigeons, told).status_code == 204
    page = ada.page_of(carl.email).sees("/l/… and …")
    assert request.link[-24:] not in page.words


def test_a_late_bounce_does_not_hide_that_a_newer_message_arrived(
    keeps_pigeons: Acme, sent: Delivery, ada: Staff, carl: Client, world: World
) -> None:
    ada.sends_login_email(carl.email)
    world.worker.drains()
    keeps_pigeons.choose(channels={"invite": ["pigeon"]})
    reports(keeps_pigeons, {"status": "bounced", "key": key_of(sent)})
    assert not keeps_pigeons.access(sent.contact_id).undelivered


def test_arriving_after_all_closes_the_task_and_calls_the_stand_in_back(
    keeps_pigeons: Acme, sent: Delivery, ada: Staff
) -> None:
    keeps_pigeons.change(sent.id, status=Status.UNKNOWN)
    ada.at(f"deliveries/{sent.id}").presses("Send by E-mail").sees("is on its way by E-mail")
    reports(keeps_pigeons, {"status": "delivered", "key": key_of(sent)})
    first, follower = keeps_pigeons.deliveries()
    assert (first.status, follower.status) == ("delivered", "cancelled")
    with keeps_pigeons.app.app_context():
        assert StaffTask.page(first.account_id) == []

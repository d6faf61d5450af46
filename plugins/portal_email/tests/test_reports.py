"""What comes back becomes a receipt, or nothing: the standard's form and the world's others."""

from __future__ import annotations

import pytest

from portal.channel import ReceiptRequest
from portal_email.reports import read
from portal_email.tests import bounces
from portal_email.tests.bounces import KEY, LINK, TAG, crlf, failed, status_report


@pytest.mark.parametrize(
    ("status", "words", "cause", "reason"),
    [
        ("5.1.1", "550 5.1.1 User unknown", "no_mailbox", "mailbox does not exist"),
        ("5.0.0", "550 No such user here", "no_mailbox", "mailbox does not exist"),
        ("5.0.0", "550 5.2.1 disabled", "mailbox_off", "switched off"),
        ("5.1.2", "", "no_domain", "domain does not exist"),
        ("5.1.10", "556 5.1.10 null MX", "no_domain", "takes no mail"),
        ("5.2.2", "552 5.2.2 over quota", "mailbox_full", "mailbox is full"),
        ("4.4.7", "delivery time expired", "unreachable", "waited too long"),
        ("5.4.4", "Host not found", "unreachable", "could not find a way"),
        ("5.3.4", "552 too big", "too_large", "too large"),
        ("5.7.1", "550 5.7.1 not wanted", "refused", "by its own rules"),
        ("5.7.1", "550 5.7.1 Message rejected as spam", "spam", "looks like spam"),
        ("5.7.26", "550 5.7.26 DMARC", "sender_checks", "sender checks"),
        ("5.7.1", "550 5.7.1 Unauthenticated email", "sender_checks", "sender checks"),
        ("", "", "refused", "sent the message back"),
    ],
)
def test_a_failure_says_why_in_plain_words(status, words, cause, reason):
    (receipt,) = read(status_report(failed(status, words)))
    assert (receipt.status, receipt.key, receipt.cause) == ("bounced", KEY, cause)
    assert reason in receipt.reason
    assert receipt.reply == words


@pytest.mark.parametrize(
    ("report", "cause", "reply"),
    [
        (bounces.GMAIL, "no_mailbox", "550-5.1.1 The email account that you tried"),
        (bounces.EXCHANGE, "no_domain", "550 5.1.10 RESOLVER.ADR.RecipientNotFound"),
        (bounces.EXIM, "no_mailbox", "550 5.1.1 <carl@client.example>: Recipient address"),
        (bounces.QMAIL, "no_mailbox", "Sorry, no mailbox here by that name. (#5.1.1)"),
        (bounces.QMAIL_WITHOUT_CODE, "refused", "Recipient unknown."),
    ],
)
def test_the_worlds_servers_are_understood(report, cause, reply):
    (receipt,) = read(report)
    assert (receipt.status, receipt.key, receipt.cause) == ("bounced", KEY, cause)
    assert receipt.reply.startswith(reply)
    assert "://" not in receipt.reply + receipt.reason


@pytest.mark.parametrize(
    "report",
    [
        bounces.DELAYED,
        bounces.EXIM_DELAYED,
        bounces.VACATION,
        status_report(failed("2.0.0", "relayed", "relayed")),
        status_report(failed("2.0.0", "expanded", "expanded")),
        bounces.complaint("not-spam"),
        bounces.complaint("auth-failure"),
    ],
)
def test_what_is_not_final_changes_nothing(report):
    assert read(report) == ()


@pytest.mark.parametrize(
    "message",
    [
        bounces.ANSWER,
        b"",
        b"\r\n\r\n",
        crlf("From: mallory@evil.example\nSubject: Buy now\n\nundeliverable 550 5.1.1"),
        status_report(failed("5.1.1", "x"), to="someone@else.example", returned=""),
    ],
)
def test_what_is_no_report_about_a_message_of_ours_is_left_alone(message):
    assert read(message) is None


def test_a_delivery_that_is_certain_is_good_news():
    (receipt,) = read(status_report(failed("2.0.0", "250 2.0.0 kept", "delivered")))
    assert (receipt.status, receipt.key) == ("delivered", KEY)


def test_one_failed_recipient_of_several_is_a_failure():
    fields = failed("2.0.0", "fine", "relayed") + "\n\n" + failed("5.1.1", "550 5.1.1 gone")
    (receipt,) = read(status_report(fields))
    assert receipt.reply == "550 5.1.1 gone"


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, True),
        ({"to": TAG.upper()}, True),
        ({"to": "box@portal.example", "more": f"X-Original-To: {TAG}\n"}, True),
        ({"to": "box@portal.example", "more": f"Envelope-To: <{TAG}>\n", "returned": ""}, True),
        ({"to": "box@portal.example", "envelope_id": KEY, "returned": ""}, True),
        ({"to": "box@portal.example"}, True),
        ({"to": "box@portal.example", "returned_kind": "text/rfc822-headers"}, True),
        ({"to": "box@portal.example", "returned": "Subject: nothing known\n"}, False),
    ],
)
def test_the_delivery_is_found_wherever_it_is_named(options, names):
    found = read(status_report(failed("5.1.1", "gone"), **options))
    assert (found[0].key == KEY) if names else (found is None)


def test_the_message_id_comes_along_as_the_providers_name():
    (receipt,) = read(status_report(failed("5.1.1", "gone")))
    assert receipt.provider_id == f"<{KEY}@acme.example>"


def test_an_encoded_report_is_read():
    encoded = status_report(
        "RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGNhcmwKQWN0aW9uOiBmYWlsZWQKU3RhdHVzOiA1LjEuMQo="
    ).replace(
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.client.example\r\n"
        b"Arrival-Date: Mon,  2 Nov 2026 10:00:00 +0000 (UTC)\r\n",
        b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n",
    )
    (receipt,) = read(encoded)
    assert receipt.cause == "no_mailbox"


@pytest.mark.parametrize("kind", ["abuse", "Abuse", "fraud", "opt-out"])
def test_a_complaint_is_told(kind):
    (receipt,) = read(bounces.complaint(kind))
    assert (receipt.status, receipt.key, receipt.cause) == ("complained", KEY, "opted_out")
    assert receipt.reason == "The recipient reported the message as spam."


def test_a_complaint_is_found_by_the_original_sender_alone():
    without_id = bounces.complaint().replace(b"Message-ID", b"X-Removed")
    (receipt,) = read(without_id)
    assert receipt.key == KEY


@pytest.mark.parametrize("quoted", [LINK, LINK.removeprefix("https://"), LINK[22:]])
def test_a_quoted_link_ends_nowhere(quoted):
    report = status_report(failed("5.7.1", f"550 5.7.1 spam: <{quoted}> in it"))
    (receipt,) = read(report)
    assert "abcdefghijklmnopqrstuvwx" not in receipt.reply + receipt.reason
    assert receipt.cause == "spam"


def test_a_posted_report_is_read(channel_to, account):
    for kind in ("message/rfc822", "text/plain; charset=utf-8", "Message/RFC822"):
        request = ReceiptRequest("POST", "https://x", {"content-type": kind}, bounces.EXIM)
        (receipt,) = channel_to("").parse_receipt(request, account())
        assert receipt.key == KEY


def test_a_posted_report_without_a_name_is_about_the_addresss_delivery(channel_to, account):
    body = status_report(failed("5.1.1", "x"), to="box@portal.example", returned="")
    request = ReceiptRequest("POST", "https://x", {"content-type": "text/plain"}, body, key=KEY)
    (receipt,) = channel_to("").parse_receipt(request, account())
    assert receipt.key == KEY


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("application/json", b"{}", "as message/rfc822 or text/plain"),
        ("", b"x", "as message/rfc822 or text/plain"),
        ("text/plain", bounces.ANSWER, "no report"),
        ("message/rfc822", b"\0" * 100, "no report"),
    ],
)
def test_a_post_that_makes_no_sense_is_refused(channel_to, account, kind, body, words):
    request = ReceiptRequest("POST", "https://x", {"content-type": kind}, body)
    with pytest.raises(ValueError, match=words):
        channel_to("").parse_receipt(request, account())

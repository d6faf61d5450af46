"""Messages made to break what reads them: no error, no long wait, none of their words in ours."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal_email.reports import read
from portal_email.tests import bounces
from portal_email.tests.bounces import TAG, crlf, failed, status_report

WHOLE = [bounces.EXIM, bounces.QMAIL, bounces.GMAIL, bounces.DELAYED, bounces.complaint()]
PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\n\n",
        b"\r\r\n",
        b"--4BQz/mail.client.example\r\n",
        b"--4BQz/mail.client.example--\r\n",
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n",
        b'Content-Type: multipart/mixed; boundary="4BQz/mail.client.example"\r\n',
        b"Content-Type: message/delivery-status\r\n\r\n",
        b"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 " + bounces.LINK.encode(),
        b"\r\nTo: " + TAG.encode() + b"\r\n",
        b"X-Failed-Recipients: x\r\n",
        b"\0",
        b"\xff\xfe",
        b"=?utf-8?b?4oCu?=",
    ]
)


@given(st.lists(PIECES | st.binary(max_size=40), max_size=30).map(b"".join))
@settings(max_examples=150, deadline=None)
def test_no_bytes_are_an_error(raw):
    for receipt in read(raw) or ():
        assert "abcdefghijklmnopqrstuvwx" not in receipt.reason + receipt.reply
        assert (receipt.reason + receipt.reply).isprintable()


@given(st.sampled_from(WHOLE), st.integers(0, 3000), st.integers(0, 200), PIECES)
@settings(max_examples=150, deadline=None)
def test_a_damaged_report_is_no_error(raw, place, length, piece):
    read(raw[:place] + piece + raw[place + length :])


def nested(depth: int) -> bytes:
    parts = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth)
    )
    return crlf(f"To: {TAG}\n{parts}Content-Type: text/plain\n\nx")


BIG = 10_000_000
HUGE = {
    "10 MB of nothing": b"\0" * BIG,
    "10 MB of lines": b"\r\n" * (BIG // 2),
    "10 MB in one header": b"To: " + b"+d1-" * (BIG // 4),
    "10 MB of headers": b"To: x+y@\r\n" * (BIG // 10),
    "10 MB of parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\n" * (BIG // 7),
    "10 MB behind a report": bounces.QMAIL + b"x" * BIG,
    "deep": nested(20_000),
    "brackets": bounces.QMAIL.replace(
        b"\r\n\r\n", b"\r\nContent-Type: text/html\r\n\r\n" + b"<" * BIG, 1
    ),
    "blank lines in a report": status_report("\n" * 500_000 + failed("5.1.1", "x")),
    "a long status": status_report(failed("5.1.1", "5." * 200_000)),
    "many recipients": status_report("\n\n".join([failed("5.1.1", "550 x")] * 3000)),
    "an endless boundary": b"Content-Type: multipart/report; boundary=" + b"x" * BIG,
    "blanks": crlf("From: MAILER-DAEMON@x\nSubject: " + " \t" * 1_000_000 + "\n\n" + " " * BIG),
    "dashes": crlf("From: MAILER-DAEMON@x\nSubject: failure notice\n\n" + "-" * 400_000),
    "at signs": crlf("From: MAILER-DAEMON@x\nSubject: failure notice\n\n" + "a@" * 200_000),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_message_takes_little_time(name):
    started = time.process_time()
    for receipt in read(HUGE[name]) or ():
        assert len(receipt.reply) <= 300
    assert time.process_time() - started < 1.5


def test_names_from_the_other_side_stay_out_of_the_reason():
    report = status_report(
        failed("5.1.1", "550 5.1.1 <b>Call \u202e+1 555</b>\x1b[31m\n Status: 2.0.0")
    )
    (receipt,) = read(report)
    assert receipt.reason == "The mail server says that the mailbox does not exist."
    assert receipt.reply.isprintable()

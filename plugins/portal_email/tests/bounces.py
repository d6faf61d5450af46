"""Reports as the world's mail servers write them, in the forms that their documentation shows."""

from __future__ import annotations

TAG = "bounces+d17-aerukz4jvpg66ajdivtytk6n54@portal.example"
KEY = "delivery-17-0123456789abcdef0123456789abcdef"
LINK = "https://portal.acme.example/l/abcdefghijklmnopqrstuvwx"

RETURNED = f"""\
Return-Path: <{TAG}>
Received: by mail.portal.example (Postfix, from userid 1000)
From: Acme <portal@acme.example>
To: Carl Client <carl@client.example>
Subject: Sign in to Acme
Message-ID: <{KEY}@acme.example>

Hello Carl, {LINK}
"""


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def status_report(
    fields: str,
    *,
    to: str = TAG,
    envelope_id: str = "",
    returned: str = RETURNED,
    returned_kind: str = "message/rfc822",
    words: str = "I'm sorry to have to inform you that your message could not be delivered.",
    sender: str = "MAILER-DAEMON@mail.client.example (Mail Delivery System)",
    more: str = "",
) -> bytes:
    """A report as RFC 3464 section 4 shows it, with *fields* of one recipient."""
    named = f"Original-Envelope-Id: {envelope_id}\n" if envelope_id else ""
    return crlf(f"""\
Return-Path: <>
Delivered-To: {to}
From: {sender}
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
{more}Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4BQz/mail.client.example"

This is a MIME-encapsulated message.

--4BQz/mail.client.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

{words}

--4BQz/mail.client.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.client.example
{named}Arrival-Date: Mon,  2 Nov 2026 10:00:00 +0000 (UTC)

{fields}

--4BQz/mail.client.example
Content-Description: Undelivered Message
Content-Type: {returned_kind}

{returned}
--4BQz/mail.client.example--
""")


def failed(status: str, words: str, action: str = "failed") -> str:
    return f"""\
Final-Recipient: rfc822; carl@client.example
Original-Recipient: rfc822;carl@client.example
Action: {action}
Status: {status}
Remote-MTA: dns; mx.client.example
Diagnostic-Code: smtp; {words}"""


EXIM = crlf(f"""\
Return-path: <>
Envelope-to: {TAG}
X-Failed-Recipients: carl@client.example
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.client.example>
To: {TAG}
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1abcd-0001@mx.client.example>

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  carl@client.example
    host mx.client.example [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<carl@client.example>:
    550 5.1.1 <carl@client.example>: Recipient address rejected: User unknown

------ This is a copy of the message, including all the headers. ------

{RETURNED}""")

EXIM_DELAYED = crlf(f"""\
Return-path: <>
Envelope-to: {TAG}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.client.example>
To: {TAG}
Subject: Warning: message 1abcd-0001 delayed 24 hours

A message that you sent could not be delivered to one or more of its
recipients so far, after more than 24 hours on the queue.

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals.
  carl@client.example
    550 5.1.1 would be the code if this were a failure
""")

QMAIL = crlf(f"""\
Return-Path: <>
Delivered-To: {TAG}
Date: 2 Nov 2026 10:00:00 -0000
From: MAILER-DAEMON@mx.client.example
To: {TAG}
Subject: failure notice

Hi. This is the qmail-send program at mx.client.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<carl@client.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{RETURNED}""")

QMAIL_WITHOUT_CODE = QMAIL.replace(
    b"Sorry, no mailbox here by that name. (#5.1.1)", b"Recipient unknown."
)

GMAIL = status_report(
    failed(
        "5.1.1",
        "550-5.1.1 The email account that you tried to reach does not exist. Please try\n"
        " 550-5.1.1 double-checking. For more information, go to\n"
        " 550 5.1.1  https://support.google.com/mail/?p=NoSuchUser a1b2 - gsmtp",
    ),
    sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
    more="X-Failed-Recipients: carl@client.example\n",
    words="** Address not found **\n\nYour message wasn't delivered to carl@client.example.",
)

EXCHANGE = status_report(
    "Final-Recipient: rfc822;carl@client.example\n"
    "Action: failed\n"
    "Status: 5.1.10\n"
    "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found\n"
    "X-Display-Name: carl@client.example",
    sender="Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@acme.example>",
)

DELAYED = status_report(failed("4.4.1", "connect to mx: Connection timed out", "delayed"))

VACATION = crlf(f"""\
Return-Path: <>
Delivered-To: {TAG}
From: Carl Client <carl@client.example>
To: {TAG}
Subject: Out of office: Sign in to Acme
Auto-Submitted: auto-replied (vacation)

I could not be delivered from my desk until Monday. Failure notice 550 5.1.1.
""")

ANSWER = crlf(f"""\
Return-Path: <carl@client.example>
Delivered-To: {TAG}
From: Carl Client <carl@client.example>
To: {TAG}
Subject: Re: Sign in to Acme

Thanks! It says "550 5.1.1 User unknown, mail delivery failed" here?
""")


def complaint(kind: str = "abuse", original_from: str = TAG) -> bytes:
    """As RFC 5965 appendix B shows it."""
    return crlf(f"""\
From: <abusedesk@provider.example>
To: <abuse@portal.example>
Subject: FW: Sign in to Acme
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report.
--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{original_from}>
Reporting-MTA: dns; mail.provider.example
--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

From: Acme <portal@acme.example>
Message-ID: <{KEY}@acme.example>
Subject: Sign in to Acme

{LINK}
--part1_13d.2e68ed54_boundary--
""")

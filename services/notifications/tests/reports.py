"""Mail that came back, as mail servers write it."""


def a_report(
    to: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    said: str = "smtp; 550 5.1.1 <procurement@city.example>: Recipient address rejected",
) -> bytes:
    """A report in the form of RFC 3464, as Postfix sends it."""
    return f"""Return-Path: <>
Date: Tue, 3 Mar 2026 12:00:00 +0000 (UTC)
From: MAILER-DAEMON@mail.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
    boundary="A1B2.1772539200/mail.example"
Message-Id: <20260303120000.A1B2@mail.example>

This is a MIME-encapsulated message.

--A1B2.1772539200/mail.example
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

This is the mail system at host mail.example. I'm sorry to have to inform you.

--A1B2.1772539200/mail.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example
X-Postfix-Queue-ID: A1B2
Arrival-Date: Tue, 3 Mar 2026 11:59:58 +0000 (UTC)

Final-Recipient: rfc822; procurement@city.example
Original-Recipient: rfc822;procurement@city.example
Action: {action}
Status: {status}
Remote-MTA: dns; mx.city.example
Diagnostic-Code: {said}

--A1B2.1772539200/mail.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: Tocsin <tocsin@monitor.example>
Subject: New alert

What was sent.

--A1B2.1772539200/mail.example--
""".replace("\n", "\r\n").encode()


def an_absence(to: str) -> bytes:
    """Somebody's program that answers everything."""
    return f"""From: procurement@city.example
To: {to}
Subject: Out of office
Auto-Submitted: auto-replied
Content-Type: text/plain

Action: failed
Status: 5.1.1
I am away.
""".encode()

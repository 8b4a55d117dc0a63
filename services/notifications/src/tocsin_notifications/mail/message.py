"""A letter as a message: its headers, and both its parts."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from uuid import UUID

from tocsin_notifications.mail.letters import Written


def compose(
    letter: Written,
    *,
    sender: str,
    to: str,
    delivery_id: UUID,
    endpoint_id: UUID,
    alert_id: UUID | None,
    unsubscribe: str,
    now: datetime,
) -> EmailMessage:
    """Make the message of a delivery.

    Its id is the delivery's, the same on every attempt. All that is told of one alert to one
    address refers to the same id, so that it stands together.
    """
    domain = parseaddr(sender)[1].rpartition("@")[2]
    message = EmailMessage(policy=SMTP.clone(max_line_length=78))
    message["From"] = sender
    message["To"] = to
    message["Subject"] = _plain(letter.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{delivery_id}@{domain}>"
    if alert_id:
        thread = f"<{alert_id}.{endpoint_id}@{domain}>"
        message["In-Reply-To"] = thread
        message["References"] = thread
    message["Auto-Submitted"] = "auto-generated"
    message["List-Id"] = f"<alerts.{domain}>"
    if unsubscribe:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.plain)
    message.add_alternative(letter.html, subtype="html")
    message["Content-Language"] = letter.language
    return message


def _plain(text: str) -> str:
    """Text that stands for itself in a header.

    The standard library would decode an encoded word in it, with the line breaks that are in
    there, and what follows would be headers of their own.
    """
    printable = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(printable.replace("=?", "= ?").split())

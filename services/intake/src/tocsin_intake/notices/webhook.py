"""A webhook to the hotline, which tells the worker itself: signed by Standard Webhooks.

It carries the complaint's id, the language and the text, and no contact. `webhook-id` is the same
at every attempt, so that the hotline can tell a repeat; 410 ends it.
"""

import base64
import hmac
import json
import time
from hashlib import sha256

from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.integrations.notices import ByWebhook
from tocsin_intake.notices.notice import Notice, NotTold, Request, reach, usual_refusal
from tocsin_intake.notices.outcomes import Reason
from tocsin_intake.outbound import Answer


def request(hotline: Hotline, notice: Notice) -> Request:
    """Ask the hotline to tell a worker.

    Raises:
        NotTold: nobody told where.
    """
    how = hotline.notices
    if not isinstance(how, ByWebhook):
        raise NotTold(Reason.NO_ACCESS)
    said = {
        "complaint_id": str(notice.complaint_id),
        "language": notice.language,
        "text": notice.text,
    }
    body = json.dumps({"type": "reply.waiting", "data": said}, ensure_ascii=False).encode()
    now = str(int(time.time()))
    signature = sign(how.secret.get_secret_value(), notice.id, now, body)
    shown = {
        "webhook-id": notice.id,
        "webhook-timestamp": now,
        "webhook-signature": signature,
    }
    return Request(how.url, reach(how.url, shown), body)


def refusal(answer: Answer) -> NotTold | None:
    """Why the hotline did not take it; all but a 410 may be mended there."""
    usual = usual_refusal(answer)
    if usual and usual.reason is Reason.REFUSED and answer.status != 410:
        return NotTold(Reason.NOT_UNDERSTOOD)
    return usual


def sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """What `webhook-signature` shows."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, sha256).digest()).decode()

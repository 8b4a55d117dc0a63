"""Telegram: the bot writes into the chat that the worker wrote in (`sendMessage`).

A bot that the worker blocked, and a chat that is gone, are answered 403 and 400; too much is
answered 429 with `parameters.retry_after`; a wrong token 401, or 404 where it is no token at all.
"""

import json
from datetime import timedelta

from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.notices.notice import Notice, NotTold, Request, code_in, reach, usual_refusal
from tocsin_intake.notices.outcomes import Reason
from tocsin_intake.outbound import Answer


def request(hotline: Hotline, notice: Notice) -> Request:
    """Write the text into the chat.

    Raises:
        NotTold: nobody told the bot's token, or no chat is known.
    """
    ours = hotline.system.telegram
    if not ours or not ours.bot_token:
        raise NotTold(Reason.NO_ACCESS)
    address = notice.contact.address if notice.contact else None
    if not address:
        raise NotTold(Reason.NO_ADDRESS)
    chat, _, connection = address.partition(" ")
    body = {"chat_id": chat, "text": notice.text}
    if connection:
        body["business_connection_id"] = connection
    token = ours.bot_token.get_secret_value()
    return Request(
        f"{ours.base_url}/bot{token}/sendMessage",
        reach(ours.base_url, {}),
        json.dumps(body).encode(),
    )


def refusal(answer: Answer) -> NotTold | None:
    """Why it did not write."""
    match answer.status:
        case 403:
            return NotTold(Reason.BLOCKED)
        case 404:
            return NotTold(Reason.NOT_PERMITTED)
        case 400:
            gone = "chat not found" in code_in(answer, "description")
            return NotTold(Reason.NO_SUCH_ADDRESS if gone else Reason.REFUSED)
        case 429:
            seconds = code_in(answer, "parameters", "retry_after")
            asked = timedelta(seconds=int(seconds[:6])) if seconds.isdecimal() else timedelta()
            return NotTold(Reason.NOT_NOW, asked)
        case _:
            return usual_refusal(answer)

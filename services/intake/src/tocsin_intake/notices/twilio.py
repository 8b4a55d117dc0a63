"""Twilio: a message from the hotline's own number or messaging service (`Messages`).

| who wrote by | is told by |
| --- | --- |
| SMS | SMS, from `sender` or the messaging service |
| WhatsApp | a content template in their language, from `whatsapp_sender` or the service |
| Messenger and others | the same channel, by the messaging service |
| a call | nothing: who else has that telephone is not known |

Whoever wrote STOP is answered 400 with 21610, a number that is none with 21211 or 21614. That
Twilio took a message does not say that it arrived.
"""

import base64
import re
from urllib.parse import urlencode

from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.integrations.notices import ByTwilio
from tocsin_intake.integrations.systems import Twilio
from tocsin_intake.notices import phones
from tocsin_intake.notices.notice import (
    FORM,
    Notice,
    NotTold,
    Request,
    code_in,
    reach,
    usual_refusal,
)
from tocsin_intake.notices.outcomes import Reason
from tocsin_intake.outbound import Answer

WHATSAPP = "whatsapp:"
REASONS = {
    "20003": Reason.NOT_PERMITTED,
    "20429": Reason.NOT_NOW,
    "21211": Reason.NO_SUCH_ADDRESS,
    "21610": Reason.BLOCKED,
    "21614": Reason.NO_SUCH_ADDRESS,
    "63024": Reason.NO_SUCH_ADDRESS,
}
ADDRESS = re.compile(r"([a-z]{2,20}:)?[A-Za-z0-9+._-]{3,200}")


def request(hotline: Hotline, notice: Notice) -> Request:
    """Send a message to where the worker wrote from.

    Raises:
        NotTold: nobody told the account, or there is no address that this leads to.
    """
    ours, how = hotline.system.twilio, hotline.notices
    if not ours or not ours.account_sid or not isinstance(how, ByTwilio):
        raise NotTold(Reason.NO_ACCESS)
    address = phones.address_of(notice.contact)
    if not address or not ADDRESS.fullmatch(address):
        raise NotTold(Reason.NO_ADDRESS)
    form = {"To": address} | _sender(how, address) | _content(how, address, notice)
    return Request(
        f"{ours.base_url}/2010-04-01/Accounts/{ours.account_sid}/Messages.json",
        reach(ours.base_url, {"Authorization": f"Basic {_shown(ours, how)}"}),
        urlencode(form).encode(),
        FORM,
    )


def refusal(answer: Answer) -> NotTold | None:
    """Why it did not take the message."""
    usual = usual_refusal(answer)
    if usual and (known := REASONS.get(code_in(answer, "code"))):
        return NotTold(known, usual.asked)
    return usual


def _shown(ours: Twilio, how: ByTwilio) -> str:
    pair = (ours.account_sid, ours.auth_token.get_secret_value())
    if how.api_key_sid and how.api_key_secret:
        pair = (how.api_key_sid, how.api_key_secret.get_secret_value())
    return base64.b64encode(":".join(map(str, pair)).encode()).decode()


def _sender(how: ByTwilio, address: str) -> dict[str, str]:
    own = how.whatsapp_sender if address.startswith(WHATSAPP) else how.sender
    if own and (address.startswith(WHATSAPP) or ":" not in address):
        return {"From": own}
    if how.messaging_service_sid:
        return {"MessagingServiceSid": how.messaging_service_sid}
    raise NotTold(Reason.NO_ADDRESS)


def _content(how: ByTwilio, address: str, notice: Notice) -> dict[str, str]:
    if address.startswith(WHATSAPP) and how.templates:
        wanted = (notice.language, notice.language.split("-")[0])
        of_language = [how.templates[one] for one in wanted if one in how.templates]
        return {"ContentSid": [*of_language, *how.templates.values()][0]}
    return {"Body": notice.text}

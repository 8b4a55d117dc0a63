"""WhatsApp Cloud API: a template that Meta approved (`messages` of the phone number).

Text of one's own is let through for 24 hours after a worker wrote, a template always; so a
template is sent, in the worker's language where it is approved in that. Who hides the number is
reached by the `user_id` that came instead. A code in the answer says more than its status: 190 is
a token, 131026 a worker who cannot be reached, 4, 80007, 130429, 131048 and 131056 come too often.
"""

import json
import re

from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.integrations.notices import ByWhatsAppCloud
from tocsin_intake.notices import phones
from tocsin_intake.notices.notice import (
    Notice,
    NotTold,
    Request,
    code_in,
    reach,
    usual_refusal,
)
from tocsin_intake.notices.outcomes import Reason
from tocsin_intake.outbound import Answer

PHONE = re.compile(r"\+?([0-9]{5,20})")
USER = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,200}")
TOO_OFTEN = dict.fromkeys(("4", "80007", "130429", "131048", "131056", "131049"), Reason.NOT_NOW)
LATER = dict.fromkeys(("1", "2", "131000", "131016", "131057", "133004"), Reason.NOT_NOW)
REASONS = {
    **dict.fromkeys(("0", "3", "10", "190", "131005", "368", "131031"), Reason.NOT_PERMITTED),
    **dict.fromkeys(("131026", "131030", "131021"), Reason.NO_SUCH_ADDRESS),
    "131050": Reason.BLOCKED,
    **TOO_OFTEN,
    **LATER,
}


def request(hotline: Hotline, notice: Notice) -> Request:
    """Send the template to whom the message waits for.

    Raises:
        NotTold: nobody told a token and a number, or nobody is there to send it to.
    """
    ours, how = hotline.system.whatsapp_cloud, hotline.notices
    if not ours or not ours.access_token or not ours.phone_number_id:
        raise NotTold(Reason.NO_ACCESS)
    if not isinstance(how, ByWhatsAppCloud):
        raise NotTold(Reason.NO_ACCESS)
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(phones.address_of(notice.contact) or ""),
        "type": "template",
        "template": {"name": how.template, "language": {"code": _language(how, notice.language)}},
    }
    token = ours.access_token.get_secret_value()
    return Request(
        f"{ours.base_url}/{ours.phone_number_id}/messages",
        reach(ours.base_url, {"Authorization": f"Bearer {token}"}),
        json.dumps(body).encode(),
    )


def refusal(answer: Answer) -> NotTold | None:
    """Why it did not take the message."""
    usual = usual_refusal(answer)
    if usual and (known := REASONS.get(code_in(answer, "error", "code"))):
        return NotTold(known, usual.asked)
    return usual


def _recipient(address: str) -> dict[str, str]:
    if number := PHONE.fullmatch(address):
        return {"to": number[1]}
    if USER.fullmatch(address):
        return {"recipient": address}
    raise NotTold(Reason.NO_ADDRESS)


def _language(how: ByWhatsAppCloud, wanted: str) -> str:
    """The template's language that is nearest: `zh-TW` is `zh_TW`, else the first of `zh`."""
    exact, primary = wanted.replace("-", "_"), wanted.split("-")[0]
    near = [one for one in how.languages if one.partition("_")[0] == primary]
    return next((one for one in how.languages if one == exact), [*near, how.languages[0]][0])

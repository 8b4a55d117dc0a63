"""RapidPro and TextIt: a broadcast to the one contact, or a flow that is started for it.

A contact is named by its UUID, which identifies less than a number and lets RapidPro use the
channel it wrote by last; where a flow sent none, by its URN. Text is an expression there, so an
`@` is doubled. A flow finds the text as `@trigger.params.text`.
"""

import json
import re

from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.integrations.notices import ByRapidPro
from tocsin_intake.notices import phones
from tocsin_intake.notices.notice import Notice, NotTold, Request, reach, usual_refusal
from tocsin_intake.notices.outcomes import Reason
from tocsin_intake.outbound import Answer

UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
URN = re.compile(r"[a-z]{2,20}:[A-Za-z0-9+._@-]{1,200}")
PHONE = re.compile(r"\+[0-9]{6,15}")


def request(hotline: Hotline, notice: Notice) -> Request:
    """Send a broadcast to one contact, or start the flow for it.

    Raises:
        NotTold: nobody told a token, or no contact is known.
    """
    ours, how = hotline.system.rapidpro, hotline.notices
    if not ours or not ours.api_token or not isinstance(how, ByRapidPro):
        raise NotTold(Reason.NO_ACCESS)
    to = _recipient(phones.address_of(notice.contact) or "")
    if how.flow:
        path = "flow_starts"
        body = to | {
            "flow": str(how.flow),
            "restart_participants": True,
            "params": {"text": notice.text, "language": notice.language},
        }
    else:
        path, body = "broadcasts", to | {"text": notice.text.replace("@", "@@")}
    token = ours.api_token.get_secret_value()
    return Request(
        f"{ours.base_url}/api/v2/{path}.json",
        reach(ours.base_url, {"Authorization": f"Token {token}"}),
        json.dumps(body).encode(),
    )


def refusal(answer: Answer) -> NotTold | None:
    """Why it did not take it."""
    return usual_refusal(answer)


def _recipient(address: str) -> dict[str, object]:
    if UUID_FORM.fullmatch(address):
        return {"contacts": [address]}
    if PHONE.fullmatch(address):
        return {"urns": [f"tel:{address}"]}
    if URN.fullmatch(address):
        return {"urns": [address]}
    raise NotTold(Reason.NO_ADDRESS)

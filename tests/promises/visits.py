"""A worker's visits to the page: what is typed there is marked, and what a phone sends along."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

from tests.promises.canaries import MARK, PLAIN, Told
from tests.support.clients import Hotline
from tests.support.tocsin import PATIENCE, Tocsin
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Answer, Client
from tocsin_contracts.streams import INTAKE

HOST = "notes.silver-heron.example.org"
NAME = "Silver Heron 4417"
"""A page's name and host stand in the database, and nowhere that shows who came."""
ROUTE = "the worker's page"
SENT_ALONG = {
    "Accept-Language": "en",
    "User-Agent": PLAIN,
    "Referer": f"https://{PLAIN}.example.org/",
    "Cookie": f"{PLAIN}=1",
    "X-Forwarded-For": PLAIN,
    "Forwarded": f"for={PLAIN}",
}
_FIELD = r'<input type="hidden" name="{}" value="([^"]*)">'


@dataclass
class Phone:
    """A browser at the page; it leaves ids behind that must lead nowhere."""

    door: Client
    told: Told
    answers: list[Answer] = field(default_factory=list[Answer])

    async def send(self, method: str, path: str = "/", **options: Any) -> Answer:
        """Ask for something, whatever is answered."""
        request_id, trace_id = uuid4(), uuid4()
        self.told.request_ids.append(request_id)
        self.told.trace_ids.append(trace_id)
        given: dict[str, str] = {
            **SENT_ALONG,
            "Host": HOST,
            "X-Request-Id": str(request_id),
            "traceparent": f"00-{trace_id.hex}-{trace_id.hex[:16]}-01",
            **options.pop("headers", {}),
        }
        answer = await self.door.request(method, path, headers=given, **options)
        self.answers.append(answer)
        return answer

    async def press(self, do: str, **typed: str) -> Answer:
        """Press a button of the page, with what was typed."""
        return await self.send("POST", data={"do": do, **typed})


async def visit(tocsin: Tocsin, hotline: Hotline, receipt: str, told: Told) -> list[Answer]:
    """Come back by a receipt and say marked things; then send what no browser sends."""
    await _set_up(tocsin, hotline)
    phone = Phone(tocsin.http[INTAKE], told)

    async def served() -> bool:
        return (await phone.send("GET")).status == 200

    await eventually(served, within=PATIENCE)
    await phone.press("open", receipt=receipt)
    renewed = (await phone.press("renew", receipt=receipt)).text
    own = {name: _hidden(renewed, name) for name in ("receipt", "pin")}
    told.receipts.append(own["receipt"])
    said = await phone.press("write", **own, words=f"{MARK} typed in", reference=f"{PLAIN} ref")
    assert (said.status, MARK in said.text) == (200, False)
    contact = {"contact_me": "yes", "contact": f"{MARK} 0990 at the page"}
    agreed = await phone.press("agree", **own, share="refused", supplier="never", **contact)
    assert (agreed.status, MARK in agreed.text) == (200, False)
    shown = await phone.press("open", **own)
    assert f"{MARK} typed in" in shown.text, "the control: it was said, and is kept"
    assert 'name="contact_me" value="yes" checked' in shown.text
    await _send_what_is_refused(phone, own)
    return phone.answers


async def _set_up(tocsin: Tocsin, hotline: Hotline) -> None:
    await tocsin.operator(INTAKE).ask(
        "PUT",
        f"/v1/admin/integrations/{hotline.integration_id}/page",
        json={"hosts": [HOST], "name": NAME, "leave_to": "https://weather.example.com/"},
        headers={"If-Match": "*"},
    )


async def _send_what_is_refused(phone: Phone, own: dict[str, str]) -> None:
    """Marked addresses, buttons, numbers and bodies that the page does not take."""
    await phone.send("GET", f"/{quote(MARK)}?{PLAIN}={quote(MARK)}")
    await phone.send("GET", f"/v1/receipts/{PLAIN}")
    await phone.send("PUT", f"/?{PLAIN}", data=MARK.encode())
    await phone.press(MARK, **{MARK: MARK})
    await phone.press("open", receipt=MARK, pin=MARK)
    await phone.press("write", **own, words=MARK * 1000)
    await phone.press("write", **own, words=f"{MARK}\0", reference=MARK * 30)
    await phone.press("agree", **own, share=MARK, supplier=MARK, contact=MARK * 100)
    await phone.send("POST", json={"do": "write", **own, "words": MARK})
    await phone.send("POST", data={f"{MARK} {number}": MARK for number in range(30)})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    much = urlencode({"do": "write", **own, "words": MARK * 5000})
    for body in (MARK.encode("utf-16"), b"words=%ff%00" + MARK.encode(), much.encode()):
        await phone.send("POST", data=body, headers=form)


def _hidden(page: str, name: str) -> str:
    found = re.search(_FIELD.format(name), page)
    assert found, name
    return found[1]

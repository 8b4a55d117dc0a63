"""Photos reach the officer: one that a hotline uploaded, and one that lay at WhatsApp."""

from collections.abc import AsyncGenerator
from io import BytesIO
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from tests.e2e.test_dialogue import Speaker
from tests.support import world
from tests.support.clients import WhatsApp
from tests.support.media_host import MediaHost, photo
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, Tocsin
from tests.support.world import World, a_complaint
from tocsin_common.testing import eventually
from tocsin_contracts.streams import CASES, INTAKE

PLACE = world.a_place(72)
MARK = "CANARYheron72"
PHOTO = photo(MARK)
APP_SECRET = "an invented secret"


@pytest.fixture(scope="module")
def chosen_settings() -> dict[str, str]:
    return {"TOCSIN_OUTBOUND_PLAIN_HTTP": "true"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everybody(tocsin: Tocsin, receiver: Receiver) -> World:
    return await world.build(tocsin, receiver, [PLACE])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def meta() -> AsyncGenerator[MediaHost]:
    async with MediaHost("an-invented-token", PHOTO, "a-name").running() as host:
        yield host


async def test_a_photo_that_was_uploaded_reaches_the_officer_without_what_it_said(
    tocsin: Tocsin, everybody: World
) -> None:
    uploaded = await everybody.hotline.ask("POST", "/v1/attachments", data=PHOTO)
    said = a_complaint("E2E-EVIDENCE-1", PLACE, attachments=[uploaded["attachment_id"]])
    complaint_id = (await everybody.hotline.report(said))["complaint_id"]

    await reaches_the_officer(tocsin, complaint_id)


async def test_a_photo_that_lay_at_whatsapp_reaches_the_officer_without_what_it_said(
    tocsin: Tocsin, everybody: World, meta: MediaHost
) -> None:
    assert everybody
    line = await WhatsApp.registered(tocsin.operator(INTAKE), "Chat", APP_SECRET, **meta.access)
    image = {"id": "65463453", "mime_type": "image/jpeg", "caption": "Their list of fines."}
    message = {"from": "84000000072", "id": "wamid.72", "type": "image", "image": image}
    change = {"field": "messages", "value": {"messages": [message]}}
    update = {"object": "whatsapp_business_account", "entry": [{"changes": [change]}]}
    before = await new_complaints(tocsin)
    assert (await line.post(update)).status == 200

    async def arrived() -> Any:
        return await new_complaints(tocsin) - before

    [complaint_id] = await eventually(arrived, within=PATIENCE)
    await reaches_the_officer(tocsin, complaint_id)


async def new_complaints(tocsin: Tocsin) -> set[str]:
    officer = await Speaker.registered(tocsin, "Ines Okafor")
    return {one["complaint_id"] for one in await officer.cases.all("/v1/complaints/new")}


async def reaches_the_officer(tocsin: Tocsin, complaint_id: str) -> None:
    """An officer takes the complaint, finds one photo listed, and opens it."""
    assert MARK.encode() in PHOTO, "the positive control"
    officer = await Speaker.registered(tocsin, "Rosa Vidal")

    async def taken() -> bool:
        return (await officer.change(complaint_id, "assignment", {})).status == 200

    await eventually(taken, within=PATIENCE)

    async def listed() -> Any:
        answer = await officer.open(complaint_id)
        return answer.json()["attachments"] if answer.status == 200 else None

    [photo] = await eventually(listed, within=PATIENCE)
    assert photo["media_type"] == "image/jpeg"
    path = f"/v1/complaints/{complaint_id}/attachments/{photo['attachment_id']}/open"
    wish = {"reason": "triage", "token": await officer.token(complaint_id)}
    door = tocsin.http[CASES]
    async with door.http.post(
        door.url + path, json=wish, headers=door.with_key(officer.cases.key)
    ) as answer:
        content = await answer.read()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert answer.headers["Cache-Control"] == "no-store"
    assert MARK.encode() not in content
    with Image.open(BytesIO(content)) as shown:
        shown.load()
        assert shown.size == (60, 40)
        assert not shown.getexif()
    again = await officer.cases.send("POST", path, json=wish)
    assert (again.status, again.json()["code"]) == (409, "token_used")

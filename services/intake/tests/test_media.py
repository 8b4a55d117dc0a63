"""What hotlines' systems keep is fetched after acceptance, and becomes evidence or visibly not."""

import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import media as files
import pytest
import pytest_asyncio
import systems
from aiohttp import web
from sqlalchemy import text
from standins import ACCOUNT, BOT, TOKEN, StandIn, giving_out
from systems import Line, a_message, an_update, register
from test_promises import everything_stored

from tocsin_common.database import Database
from tocsin_common.testing import eventually, serving
from tocsin_common.testing.http import Client
from tocsin_intake import pauses
from tocsin_intake.acceptance import testing
from tocsin_intake.app import create_app
from tocsin_intake.attachments.service import Attachments
from tocsin_intake.attachments.store import Store
from tocsin_intake.media import outcomes, queue
from tocsin_intake.media.outcomes import Reason, State
from tocsin_intake.settings import Settings
from tocsin_intake.vault.keys import LocalKeys

Header = dict[str, str]
CANARY = files.CANARY


@pytest_asyncio.fixture(loop_scope="session")
async def system() -> AsyncGenerator[StandIn]:
    async with giving_out(files.jpeg()) as one:
        yield one


@pytest_asyncio.fixture(loop_scope="session")
async def intake(settings: Settings, database: Database, streams: Any) -> AsyncGenerator[Client]:
    plain = settings.model_copy(update={"outbound_plain_http": True})
    async with serving(create_app(settings=plain)) as client:
        yield client


@pytest.fixture
def kept(settings: Settings, database: Database) -> Attachments:
    return Attachments(database, Store(settings), LocalKeys(settings.vault_key))


def access(adapter: str, system: StandIn) -> dict[str, Any]:
    """The settings that lead this adapter to the stand-in."""
    there = {"base_url": system.origin, "media_hosts": [system.media_origin]}
    match adapter:
        case "whatsapp_cloud":
            base = {"base_url": f"{system.origin}/v25.0", "access_token": TOKEN}
            more = there | base | {"phone_number_id": "1122334455667"}
        case "twilio":
            more = there | {"account_sid": ACCOUNT}
        case "telegram":
            more = {"base_url": system.origin, "bot_token": BOT}
        case "rapidpro":
            more = there | {"api_token": TOKEN}
        case "kobo":
            more = {"server_url": system.origin, "api_token": TOKEN}
        case _:
            more = {"media": "report.photos", "media_hosts": [system.media_origin]}
    known = systems.SYSTEMS[adapter].get(adapter, {})
    return {adapter: known | more}


def sent(adapter: str, system: StandIn) -> Any:
    """A photo, as each system tells of it."""
    match adapter:
        case "whatsapp_cloud":
            return an_update(a_message(type="image", image={"id": "65463453"}))
        case "twilio":
            return {
                "MessageSid": "MM1",
                "From": "+84000000001",
                "SmsStatus": "received",
                "MediaUrl0": f"{system.origin}/2010-04-01/Accounts/{ACCOUNT}/Media/ME1",
                "MediaContentType0": "image/jpeg",
            }
        case "telegram":
            photo = [{"file_id": "AgAD-x_1", "file_size": 9}]
            private = {"id": 7, "type": "private"}
            message = {"message_id": 1, "from": {"id": 7}, "chat": private, "photo": photo}
            return {"update_id": 1, "message": message}
        case "rapidpro":
            attachment = {"content_type": "image/jpeg", "url": f"{system.origin}/tokened.jpg"}
            return {
                "contact": {"uuid": "c"},
                "run": {"uuid": "r"},
                "input": {"text": "Look.", "attachments": [attachment]},
                "results": {},
            }
        case "kobo":
            attached = {"download_url": f"{system.origin}/tokened.jpg", "mimetype": "image/jpeg"}
            return {"_uuid": "u", "words": "Look.", "_attachments": [attached]}
        case _:
            return {"report": {"text": "Look.", "photos": [f"{system.media_origin}/plain.jpg"]}}


async def rows(database: Database, query: str) -> Any:
    async with database.begin() as tx:
        return (await tx.execute(text(query))).all()


def bytes_in(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())


async def is_kept(database: Database) -> Any:
    """The one attachment, once it is there."""

    async def there() -> Any:
        return await rows(
            database, "select complaint_id, id from attachment where complaint_id is not null"
        )

    [found] = await eventually(there, within=60)
    return found


async def ended(intake: Client, operator: Header) -> Any:
    """The one file that will not be fetched, once that is known."""

    async def shown() -> Any:
        page = (await intake.get("/v1/admin/media", headers=operator)).json()["data"]
        return [one for one in page if one["state"] != "waiting"]

    [found] = await eventually(shown, within=60)
    return found


@pytest.mark.parametrize("adapter", systems.SYSTEMS)
async def test_a_photo_in_a_hotlines_own_system_becomes_evidence(
    intake: Client,
    operator: Header,
    system: StandIn,
    database: Database,
    kept: Attachments,
    attachments_folder: Path,
    caplog: pytest.LogCaptureFixture,
    adapter: str,
) -> None:
    line = await register(intake, operator, adapter, **access(adapter, system))

    answer = await line.send(sent(adapter, system))
    assert answer.status in (200, 201), answer

    complaint_id, attachment_id = await is_kept(database)
    media_type, content = await kept.open(complaint_id, attachment_id)
    assert media_type == "image/jpeg"
    assert CANARY.encode() in system.file
    assert CANARY.encode() not in content
    assert await rows(database, "select 1 from sent_along") == []
    told = await everything_stored(database) + caplog.text
    for secret in (TOKEN, BOT, system.origin, system.media_origin, "65463453", "AgAD-x_1"):
        assert secret not in told
    assert content[:200] not in bytes_in(attachments_folder)


async def test_credentials_go_to_their_own_host_only(
    intake: Client, operator: Header, system: StandIn, database: Database
) -> None:
    line = await register(intake, operator, "twilio", **access("twilio", system))

    await line.send(sent("twilio", system))

    await is_kept(database)
    asked, fetched = system.seen
    assert asked.headers["Authorization"].startswith("Basic ")
    assert "Authorization" not in fetched.headers


async def refuses(request: web.Request) -> web.StreamResponse:
    _ = request
    return web.Response(body=b"%PDF-1.7 " + CANARY.encode())


async def breaks(request: web.Request) -> web.StreamResponse:
    _ = request
    return web.Response(body=files.jpeg()[:300])


async def floods(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        await response.write(files.jpeg())
        for _ in range(400):
            await response.write(bytes(100_000))
    except ConnectionError:
        pass
    return response


async def announces(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "99000000"})
    await response.prepare(request)
    return response


@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        (refuses, "kind_not_taken"),
        (breaks, "not_readable"),
        (floods, "too_large"),
        (announces, "too_large"),
    ],
)
async def test_what_cannot_be_kept_is_refused_where_it_is_seen(
    intake: Client,
    operator: Header,
    system: StandIn,
    database: Database,
    instead: Any,
    reason: str,
) -> None:
    system.instead = instead
    line = await register(intake, operator, "generic", **access("generic", system))

    await line.send(sent("generic", system))

    shown = await ended(intake, operator)
    assert (shown["state"], shown["reason"], shown["attempts"]) == ("refused", reason, 1)
    assert shown["next_attempt_at"] is None
    assert await rows(database, "select 1 from attachment where complaint_id is not null") == []
    own = await intake.get("/v1/media", headers=intake.with_key(line.key))
    assert [one["media_id"] for one in own.json()["data"]] == [shown["media_id"]]
    assert system.origin not in json.dumps([shown, own.json()])


async def test_a_payload_cannot_choose_where_intake_connects(
    intake: Client, operator: Header, system: StandIn
) -> None:
    line = await register(intake, operator, "generic", **access("generic", system))

    photos = [f"{system.origin}/plain.jpg"]
    await line.send({"report": {"text": "Look.", "photos": photos}})

    shown = await ended(intake, operator)
    assert (shown["state"], shown["reason"]) == ("given_up", "host_not_named")
    assert system.seen == []


async def test_what_nobody_gave_access_to_waits_visibly_and_is_fetched_once_they_do(
    intake: Client, operator: Header, system: StandIn, database: Database
) -> None:
    line = await register(intake, operator, "whatsapp_cloud")
    await line.send(sent("whatsapp_cloud", system))
    shown = await ended(intake, operator)
    assert (shown["state"], shown["reason"]) == ("given_up", "no_access")

    place = f"/v1/admin/integrations/{line.integration_id}/system"
    await intake.request(
        "PUT",
        place,
        json=access("whatsapp_cloud", system),
        headers=operator | {"If-Match": "*"},
    )

    async def fetched() -> Any:
        whose = {"integration_id": line.integration_id}
        await intake.post("/v1/admin/media/retry", json=whose, headers=operator)
        return await rows(database, "select 1 from attachment where complaint_id is not null")

    await eventually(fetched, within=60)
    other = (await register(intake, operator, "kobo")).key
    assert (await intake.get("/v1/media", headers=intake.with_key(other))).json()["data"] == []


async def test_a_system_that_is_away_is_asked_again_and_another_lease_is_not_taken(
    intake: Client, operator: Header, system: StandIn, database: Database
) -> None:
    async def busy(_: web.Request) -> web.StreamResponse:
        return web.Response(status=503, headers={"Retry-After": "600"})

    system.instead = busy
    line = await register(intake, operator, "generic", **access("generic", system))
    await line.send(sent("generic", system))

    async def put_off() -> Any:
        page = (await intake.get("/v1/admin/media", headers=operator)).json()["data"]
        return page if page[0]["reason"] else None

    [shown] = await eventually(put_off, within=60)
    assert (shown["state"], shown["reason"], shown["attempts"]) == ("waiting", "not_now", 1)
    [(later,)] = await rows(
        database, "select extract(epoch from due_at - now())::int from sent_along"
    )
    assert 500 < later <= 720
    assert await queue.claim(database, 4) == []


async def test_a_slower_attempt_changes_nothing_that_a_later_one_found(
    intake: Client, operator: Header, database: Database, system: StandIn
) -> None:
    line = await register(intake, operator, "whatsapp_cloud")
    await line.send(sent("whatsapp_cloud", system))
    await ended(intake, operator)
    whose = {"integration_id": line.integration_id}
    async with database.begin() as tx:
        again = (
            "update sent_along set state = 'waiting', due_at = now() - interval '1 day', id = id"
        )
        await tx.execute(text(again))
        [due] = [
            queue.Due(**one)
            for one in (
                await tx.execute(
                    text(
                        "select s.id, s.complaint_id, integration_id, sealed, attempts, wrapped"
                        " from sent_along s join data_key k on k.complaint_id = s.complaint_id"
                    )
                )
            ).mappings()
        ]
    stale = replace(due, attempts=due.attempts - 1)

    await queue.settle(database, stale, State.REFUSED, Reason.TOO_LARGE, pauses.DELAYS[0])

    page = (await intake.get("/v1/admin/media", headers=operator)).json()["data"]
    assert page[0]["state"] != "refused", whose


async def test_erasure_takes_what_is_not_fetched_and_what_comes_later_is_not_kept(
    intake: Client,
    operator: Header,
    database: Database,
    system: StandIn,
    kept: Attachments,
) -> None:
    line = await register(intake, operator, "whatsapp_cloud")
    await line.send(sent("whatsapp_cloud", system))
    await ended(intake, operator)
    [(complaint_id, integration_id)] = await rows(
        database, "select complaint_id, integration_id from sent_along"
    )
    [(file_id, sealed)] = await rows(database, "select id, sealed from sent_along")

    body = {"complaint_id": str(complaint_id), "reason": "asked_by_worker"}
    assert (await intake.post("/v1/admin/erasures", json=body, headers=operator)).status == 201

    assert await rows(database, "select 1 from sent_along") == []
    due = queue.Due(file_id, complaint_id, integration_id, sealed, 1, b"")

    async def blocks() -> AsyncGenerator[bytes]:
        yield files.jpeg()

    late = await kept.take(integration_id, blocks())
    assert not await queue.attach(database, due, late.id)


async def test_a_test_complaints_files_go_with_it(
    intake: Client, operator: Header, database: Database
) -> None:
    line = await register(intake, operator, "kobo")
    keys = f"/v1/admin/integrations/{line.integration_id}/keys"
    test_key = (await intake.post(keys, json={"test": True}, headers=operator)).json()["key"]
    trying = Line(intake, "kobo", line.integration_id, test_key)
    attached = {"download_url": "https://elsewhere.example.org/1.jpg", "mimetype": "image/jpeg"}
    await trying.send({"_uuid": "u", "words": "Look.", "_attachments": [attached]})
    await ended(intake, operator)

    async with database.begin() as tx:
        now = (await tx.execute(text("select now() + interval '1 second'"))).scalar_one()
        assert await testing.purge(tx, now) == 1

    assert await rows(database, "select 1 from sent_along") == []
    assert await rows(database, "select 1 from complaint") == []


def test_attempts_come_to_an_end_after_a_week_and_before_whatsapp_forgets() -> None:
    in_all = sum((pauses.delay_after(one) for one in range(1, 11)), start=pauses.DELAYS[0])

    assert outcomes.state_after(Reason.NOT_REACHED, 10) is State.WAITING
    assert outcomes.state_after(Reason.NOT_REACHED, 11) is State.GIVEN_UP
    assert 5 <= in_all.days <= 10

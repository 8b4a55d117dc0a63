"""P2: nothing a worker said is anywhere in clear, and nothing green knows an id from amber.

Searched is every byte that Tocsin stores or sends, but for three things that are as they should
be: the answer in which a hotline is given a receipt; the officers' list of complaints whose
facility a person must find, which shows the facility as it was reported; and an event that does
not decode, which is kept as it came in its stream and among the parked events of its hearer.
"""

import base64
import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
import pytest_asyncio

from tests.promises import canaries
from tests.promises.canaries import (
    APP_SECRET,
    BROKEN,
    MARK,
    PHONE,
    PLAIN,
    SECRET_TOKEN,
    Told,
    marked,
)
from tests.support import everywhere, world
from tests.support.clients import WhatsApp
from tests.support.hiding import Place, forms_of, forms_of_id, found
from tests.support.media_host import MediaHost, photo
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, Tocsin
from tests.support.traces import SEND_OFTEN, Collector
from tests.support.world import World
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Answer
from tocsin_contracts.streams import BUYER_PORTAL_API, INTAKE, NOTIFICATIONS, STREAMS, Zone

CONTROL = "Ķontrola ø4417"
"""What may be known: it stands wherever a name may, to show that what is searched is read."""
CHANNEL = "control_heron"
"""The same where only a code may stand."""
GREEN = (NOTIFICATIONS, BUYER_PORTAL_API)

KNOWN, PROPOSED, FOUND, ON_WHATSAPP = (
    replace(one, name=f"{CONTROL} {one.name}", organisation=f"{CONTROL} {one.organisation}")
    for one in map(world.a_place, range(4))
)
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Story:
    """What was told, and every byte that came of it."""

    told: Told
    keys: list[str]
    everything: list[Place]
    green: list[Place]
    errors: list[Answer]
    alert_ids: list[UUID]
    amber_ids: set[UUID]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def collector() -> AsyncGenerator[Collector]:
    async with Collector().running() as listening:
        yield listening


@pytest.fixture(scope="module")
def chosen_settings(collector: Collector) -> dict[str, str]:
    plain = {"TOCSIN_OUTBOUND_PLAIN_HTTP": "true"}
    return {"TOCSIN_OTLP_ENDPOINT": collector.url, **plain, **SEND_OFTEN}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def meta() -> AsyncGenerator[MediaHost]:
    async with MediaHost(SECRET_TOKEN, photo(MARK), PLAIN).running() as host:
        yield host


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story(tocsin: Tocsin, receiver: Receiver, collector: Collector, meta: MediaHost) -> Story:
    """Tell a marked story through every door, all the way to the buyer; then gather every byte."""
    everybody = await world.build(tocsin, receiver, [KNOWN, PROPOSED, FOUND, ON_WHATSAPP])
    namesake = await world.a_buyer(tocsin, CONTROL, [])
    whatsapp = await WhatsApp.registered(
        tocsin.operator(INTAKE), CONTROL, APP_SECRET, **meta.access
    )
    told = Told()
    await tell(told, everybody, whatsapp)
    await canaries.tell_what_does_not_decode(tocsin)
    systems = await canaries.tell_by_every_system(tocsin.operator(INTAKE), CONTROL)
    errors = await canaries.provoke_errors(tocsin, everybody, whatsapp)
    errors += await canaries.refused_by_every_system(systems)
    await everything_is_fetched(tocsin)
    await tocsin.quiet()
    await canaries.speak(tocsin, everybody, told)
    await tocsin.quiet()
    await find_the_factories(everybody)
    await eventually(lambda: len(receiver.newest()) == len(ORGANISATIONS), within=PATIENCE)
    [ending, *_] = await everybody.officer.alerts()
    await everybody.officer.post(f"/v1/alerts/{ending}/end")
    await eventually(lambda: receiver.newest()[ending] == 2, within=PATIENCE)
    await tocsin.quiet()
    await look_around(everybody)
    for service in tocsin.http:
        await tocsin.operator(service).all("/v1/admin/parked")
    await eventually(lambda: traced(collector, "deliver"), within=PATIENCE)

    buyers = [everybody.buyer.portal, everybody.buyer.notifications]
    shown = everywhere.in_answers("answers to buyers", [a for one in buyers for a in one.answers])
    webhooks = everywhere.in_webhooks(receiver)
    everything = [
        *await everywhere.in_databases(tocsin),
        *everywhere.in_data_files(tocsin),
        *everywhere.in_streams(tocsin),
        everywhere.in_attachments(tocsin, CONTROL),
        *everywhere.in_logs(tocsin),
        *await everywhere.in_metrics(tocsin),
        everywhere.in_traces(collector),
        everywhere.in_answers("errors", errors),
        webhooks,
        shown,
    ]
    return Story(
        told=told,
        keys=[
            *(one.key for one in (everybody.hotline, whatsapp.hotline, everybody.officer)),
            *(one.key for one in (*buyers, namesake.portal)),
        ],
        everything=everything,
        green=[
            place for place in everything if place.name in GREEN_PLACES or is_a_green_table(place)
        ],
        errors=errors,
        alert_ids=[UUID(one) for one in receiver.newest()],
        amber_ids={*told.complaint_ids, *told.request_ids, *told.trace_ids}
        | {UUID(everybody.hotline.integration_id), UUID(whatsapp.hotline.integration_id)}
        | {UUID(case["case_id"]) for case in await everybody.officer.all("/v1/cases")}
        | await ids_in_amber_streams(tocsin)
        | amber_traces(collector),
    )


async def tell(told: Told, everybody: World, whatsapp: WhatsApp) -> None:
    """Hand in complaints of every kind, each word of a worker marked."""
    address = {"address": f"{MARK} lane"}
    evidence = await canaries.evidence(everybody)
    known = marked(
        "known",
        KNOWN,
        facility=KNOWN.reported | address,
        channel=CHANNEL,
        attachments=[evidence],
    )
    proposed = {"name": PROPOSED.name, "country": PROPOSED.country} | address
    attested = {"genuine": True, "reference": f"{MARK} attested"}
    unfound = {"name": f"{MARK} works", "country": FOUND.country} | address
    unknown = marked("unknown", KNOWN, issues=["safety.not_thought_of"], channel=CHANNEL)
    for complaint in (
        known,
        known,
        marked("proposed", PROPOSED, facility=proposed, source=None, attestation=attested),
        marked("unfound", FOUND, facility=unfound),
        marked("refused", FOUND, facility=unfound, consent={"share": "refused"}),
        unknown,
    ):
        await canaries.report(told, everybody, complaint)
    update = canaries.an_update(*canaries.whatsapp_messages(ON_WHATSAPP.country))
    for _ in range(2):
        assert (await whatsapp.post(update)).status == 200


async def everything_is_fetched(tocsin: Tocsin) -> None:
    """Wait until what lies in hotlines' systems is evidence, or will not be."""
    operator = tocsin.operator(INTAKE)

    async def nothing_waits() -> bool:
        return not await operator.all("/v1/admin/media", state="waiting")

    await eventually(nothing_waits, within=PATIENCE)
    left = await operator.all("/v1/admin/media")
    assert {one["reason"] for one in left} <= {"no_access", "host_not_named"}
    assert left, "the control: not every system gave access"


ORGANISATIONS = {one.organisation for one in (KNOWN, PROPOSED, FOUND)}


async def find_the_factories(everybody: World) -> None:
    """Do what officers do: confirm a proposal, and find the factory that was only described."""
    for waiting in await everybody.officer.waiting():
        place = PROPOSED if waiting["proposals"] else FOUND
        issues = [] if waiting["issues"] else ["hours.excessive"]
        facility_id = everybody.facility_ids[place.name]
        await everybody.officer.match(waiting["complaint_id"], facility_id, *issues)


async def look_around(everybody: World) -> None:
    """Ask everything that a buyer may ask."""
    buyer = everybody.buyer
    for alert_id in await buyer.alerts():
        await buyer.versions(alert_id)
    await buyer.portal.get("/v1/me")
    async for supplier in buyer.portal.rows("/v1/suppliers"):
        path = f"/v1/suppliers/{supplier['organisation_id']}"
        await buyer.portal.get(path)
        await buyer.portal.all(f"{path}/facilities")
    for path in ("/v1/endpoints", "/v1/subscriptions"):
        await buyer.notifications.get(path)
    async for delivery in buyer.notifications.rows("/v1/deliveries"):
        await buyer.notifications.get(f"/v1/deliveries/{delivery['delivery_id']}")


def traced(collector: Collector, name: str) -> bool:
    return any(span.name == name for span in collector.spans())


async def ids_in_amber_streams(tocsin: Tocsin) -> set[UUID]:
    """Every id that amber events carry, in their headers and bodies."""
    amber = [stream.name for stream in STREAMS if stream.zone is Zone.AMBER]
    messages = [message for stream in amber for message in await tocsin.told(stream)]
    texts = [f"{message.headers} {message.data!r}" for message in messages]
    return {UUID(one) for text in texts for one in UUIDS.findall(text)}


def amber_traces(collector: Collector) -> set[UUID]:
    """Every trace that something in amber belongs to; a release begins a green one."""
    spans = collector.spans()
    released = {span.trace_id for span in spans if span.name.startswith("release ")}
    amber = {span.trace_id for span in spans if span.service in (INTAKE, "cases")}
    return {UUID(trace_id) for trace_id in amber - released}


GREEN_PLACES = {
    *(f"files of database tocsin_{service}" for service in GREEN),
    *(f"log {service}" for service in GREEN),
    *(f"metrics {service}" for service in GREEN),
    *(f"stream {stream.name}" for stream in STREAMS if stream.zone is Zone.GREEN),
    "webhooks",
    "answers to buyers",
}


def is_a_green_table(place: Place) -> bool:
    return place.name.startswith(tuple(f"table {service}." for service in GREEN))


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_every_disguise_is_seen_through(encoding: str, before: int) -> None:
    said = f"{'x' * before}{MARK} and more".encode(encoding)
    event = json.dumps({"words": MARK})
    disguises = [
        said,
        said.hex().encode(),
        said.hex().upper().encode(),
        base64.b64encode(said),
        base64.urlsafe_b64encode(said),
        event.encode(),
        json.dumps(event).encode(),
        json.dumps(event).replace("\\", "\\\\").encode(),
    ]

    for disguise in disguises:
        assert found(forms_of(MARK), [Place("somewhere", b"\0\1" + disguise + b"\2")])


CONTROLS = {
    "table intake.integration": CONTROL,
    "table cases.facility": CONTROL,
    "table cases.parked": CHANNEL,
    "table notifications.buyer": CONTROL,
    "table buyer_portal_api.organisation": CONTROL,
    "files of database tocsin_intake": CONTROL,
    "files of database tocsin_cases": CONTROL,
    "files of database tocsin_notifications": CONTROL,
    "files of database tocsin_buyer_portal_api": CONTROL,
    "other files of PostgreSQL": CONTROL,
    "attachments": CONTROL,
    "stream COMPLAINTS": CHANNEL,
    "stream CASES": CONTROL,
    "stream REGISTRY": CONTROL,
    "stream ALERTS": CONTROL,
    "stream BUYERS": CONTROL,
    "stream DELIVERIES": "tocsin.deliveries.succeeded.v1",
    "log intake": "intake_cases_complaint_status_changed: an event was parked",
    "log cases": "cases_complaints_received: an event was parked",
    "log notifications": '"service": "notifications"',
    "log buyer_portal_api": '"service": "buyer_portal_api"',
    "log nats": "Server is ready",
    "log postgres": "database system is ready",
    "log provision": "as declared",
    "metrics intake": "/v1/complaints",
    "metrics cases": "cases_complaints_received",
    "metrics notifications": "/v1/deliveries/{delivery_id}",
    "metrics buyer_portal_api": "/v1/alerts/{alert_id}",
    "traces": "/v1/complaints",
    "errors": "not_authenticated",
    "webhooks": "alert.raised",
    "answers to buyers": CONTROL,
}


async def test_every_place_that_is_searched_is_read(story: Story) -> None:
    places = {place.name: place for place in story.everything}

    for name, control in CONTROLS.items():
        assert found(forms_of(control), [places[name]]), name
    for place in story.everything:
        assert place.name in CONTROLS or place.name.startswith(("table ", "files of database "))
    for alert_id in story.alert_ids:
        assert len(found(forms_of_id(alert_id), story.green)) > len(GREEN_PLACES) / 2


@pytest.mark.parametrize("canary", [MARK, PLAIN, PHONE, APP_SECRET, SECRET_TOKEN])
async def test_nothing_a_worker_or_hotline_said_is_anywhere(story: Story, canary: str) -> None:
    assert found(forms_of(canary), story.everything) == []


async def test_no_receipt_is_anywhere(story: Story) -> None:
    for receipt in set(story.told.receipts):
        for written in (receipt, receipt.replace(" ", "")):
            assert found(forms_of(written), story.everything) == []


async def test_no_key_is_anywhere(story: Story) -> None:
    for key in story.keys:
        assert found(forms_of(key), story.everything) == []


async def test_what_does_not_decode_is_only_where_it_is_kept(story: Story) -> None:
    kept = {
        *("stream COMPLAINTS", "table cases.parked", "files of database tocsin_cases"),
        *("stream CASES", "table intake.parked", "files of database tocsin_intake"),
        "other files of PostgreSQL",
    }
    elsewhere = [place for place in story.everything if place.name not in kept]

    assert found(forms_of(BROKEN), elsewhere) == []


async def test_errors_of_every_kind_were_provoked(story: Story) -> None:
    assert {answer.status for answer in story.errors} >= {400, 401, 404, 405, 413, 422}
    assert all(answer.status < 500 for answer in story.errors)
    assert {answer.content_type for answer in story.errors} == {"application/problem+json"}


async def test_no_id_from_amber_is_in_any_green_byte(story: Story) -> None:
    assert len(story.amber_ids) > 50, "the control: there are ids to look for"

    for amber_id in story.amber_ids:
        assert found(forms_of_id(amber_id), story.green) == []

"""The story that P2 is searched in: told through every door, and every byte that came of it."""

import re
from dataclasses import dataclass, replace
from uuid import UUID

from tests.promises import canaries, visits
from tests.promises.canaries import APP_SECRET, MARK, Told, marked
from tests.support import everywhere, world
from tests.support.clients import WhatsApp
from tests.support.hiding import Place
from tests.support.media_host import MediaHost
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, Tocsin
from tests.support.traces import Collector
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
REFUSED = 4
"""Which of the complaints in `tell` is shared with nobody: its bearer comes to the page."""
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Story:
    """What was told, and every byte that came of it."""

    told: Told
    keys: list[str]
    everything: list[Place]
    green: list[Place]
    errors: list[Answer]
    visited: list[Answer]
    """What the worker's page answered."""
    alert_ids: list[UUID]
    amber_ids: set[UUID]


async def all_of_it(
    tocsin: Tocsin, receiver: Receiver, collector: Collector, meta: MediaHost
) -> Story:
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
    visited = await visits.visit(tocsin, everybody.hotline, told.receipts[REFUSED], told)
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
        visited=visited,
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

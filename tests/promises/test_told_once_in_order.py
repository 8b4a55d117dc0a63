"""P3: each alert is told effectively once, never an older state after a newer, and signed."""

import base64
import json
import secrets
from datetime import UTC, datetime
from uuid import UUID

import aiohttp
import pytest
import pytest_asyncio
from standardwebhooks import WebhookVerificationError

from tests.support import world
from tests.support.receiver import Hit, Receiver
from tests.support.tocsin import PATIENCE, Tocsin
from tests.support.world import World, a_complaint, a_place
from tocsin_common import outbox
from tocsin_common.signatures import Signer
from tocsin_common.testing import eventually
from tocsin_contracts.alerts import (
    Alert,
    AlertState,
    Ask,
    Level,
    NamedOrganisation,
    SupplierPosition,
)
from tocsin_contracts.events.alerts import AlertRaised, AlertUpdated
from tocsin_contracts.ids import new_green_id
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, NOTIFICATIONS

PLACES = [a_place(number) for number in range(5)]
KILLED_WHILE_SENDING, CHANGING, OF_A_FORGERY, GENUINE, SIGNED = PLACES


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everybody(tocsin: Tocsin, receiver: Receiver) -> World:
    return await world.build(tocsin, receiver, PLACES)


async def test_a_service_killed_while_it_sends_sends_the_same_again(
    tocsin: Tocsin, receiver: Receiver, everybody: World
) -> None:
    with receiver.silent():
        await everybody.hotline.report(a_complaint("Night line 1", KILLED_WHILE_SENDING))
        [first] = await eventually(lambda: receiver.hits, within=PATIENCE)
        tocsin.kill(NOTIFICATIONS)

    await eventually(lambda: len(receiver.of(first.alert_id)) > 1, within=PATIENCE)
    await delivered(everybody, first.alert_id)
    hits = receiver.of(first.alert_id)
    assert {(hit.id, hit.version, hit.body) for hit in hits} == {
        (first.id, first.version, first.body)
    }


async def test_an_endpoint_that_was_away_hears_every_version_in_order(
    tocsin: Tocsin, receiver: Receiver, everybody: World
) -> None:
    before = len(receiver.hits)
    with receiver.refusing():
        await everybody.hotline.report(a_complaint("Night line 2", CHANGING))
        await eventually(lambda: len(receiver.hits) > before, within=PATIENCE)
        alert_id = receiver.hits[-1].alert_id
        buys = CHANGING.listed | {"organisations": [{"name": "Marl Computers", "role": "brand"}]}
        await tocsin.operator(CASES).post("/v1/admin/registry/import", {"facilities": [buys]})
        await reaches_version(everybody, alert_id, 2)
        await everybody.officer.post(f"/v1/alerts/{alert_id}/end")
        await reaches_version(everybody, alert_id, 3)
        tocsin.kill(NOTIFICATIONS)
        tocsin.kill(BUYER_PORTAL_API)
        await tocsin.ready()
    await delivered(everybody, alert_id)

    hits = receiver.of(alert_id)
    types = list(dict.fromkeys((hit.version, hit.type) for hit in hits))
    assert types == [(1, "alert.raised"), (2, "alert.updated"), (3, "alert.ended")]
    assert not receiver.contradictions()
    assert await everybody.buyer.versions(alert_id) == [3, 2, 1]


async def test_webhook_and_portal_say_the_same(receiver: Receiver, everybody: World) -> None:
    alerts = await everybody.buyer.alerts()

    assert {alert_id: alert["version"] for alert_id, alert in alerts.items()} == receiver.newest()
    async with aiohttp.ClientSession() as http:
        for hit in receiver.hits:
            key = everybody.buyer.portal.client.with_key(everybody.buyer.portal.key)
            async with http.get(hit.told["link"], headers=key) as answer:
                assert (await answer.json())["alert_id"] == hit.alert_id


async def test_every_webhook_is_signed_as_the_official_library_expects(
    receiver: Receiver, everybody: World
) -> None:
    before = len(receiver.hits)
    await everybody.hotline.report(a_complaint("Night line 3", SIGNED))
    await eventually(lambda: len(receiver.hits) > before, within=PATIENCE)

    for hit in receiver.hits:
        hit.verify(everybody.secret)
    with pytest.raises(WebhookVerificationError):
        Hit(receiver.hits[-1].headers, receiver.hits[-1].body + b" ").verify(everybody.secret)


async def test_a_forged_alert_is_a_dead_letter_and_reaches_nobody(
    tocsin: Tocsin, receiver: Receiver, everybody: World
) -> None:
    """Whoever holds the password of cases on the bus, but not its signing key."""
    forgeries = [*forged(tocsin, everybody), await stretched(tocsin)]
    async with tocsin.on_the_bus_as(CASES) as bus:
        for event in forgeries:
            row = outbox.prepare(event)
            headers = json.loads(row.headers)
            await bus.jetstream().publish(row.subject, row.payload, headers=headers)
    before = len(receiver.hits)
    await everybody.hotline.report(a_complaint("Night line 4", GENUINE))
    await eventually(lambda: len(receiver.hits) > before, within=PATIENCE)
    await tocsin.quiet()

    for service in (NOTIFICATIONS, BUYER_PORTAL_API):
        letters = await tocsin.operator(service).all("/v1/admin/parked")
        assert len(letters) == len(forgeries)
        for letter in letters:
            assert letter["reason"].startswith(("ForgedStatement", "StatementOfAnother"))
            assert letter["retry_at"] is None
    genuine = {
        alert_id: alert["version"] for alert_id, alert in (await everybody.officer.alerts()).items()
    }
    assert receiver.newest() == genuine
    shown = await everybody.buyer.alerts()
    assert {alert_id: alert["version"] for alert_id, alert in shown.items()} == genuine


def forged(tocsin: Tocsin, everybody: World) -> list[AlertRaised]:
    """A new alert signed by somebody: once under their own name, once under that of cases."""
    organisation = OF_A_FORGERY.organisation
    slot = datetime.now(UTC).replace(microsecond=0)
    statement = Alert(
        alert_id=new_green_id(),
        version=1,
        state=AlertState.ACTIVE,
        level=Level.BUYERS_UNVERIFIED,
        slot=slot,
        organisations=(
            NamedOrganisation(
                organisation_id=UUID(everybody.organisation_ids[organisation]),
                name=organisation,
                roles=("operator",),
            ),
        ),
        country=OF_A_FORGERY.country,
        issue_group="wages",
        severity=3,
        ask=Ask.PREPARE,
        supplier_position=SupplierPosition.NOT_ASKED,
        review_by=slot.date(),
    )
    forger, said = Signer(secrets.token_bytes(32)), statement.model_dump_json()
    return [
        AlertRaised(
            occurred_at=slot,
            alert_id=statement.alert_id,
            statement=said,
            signature=forger.sign(said),
            key_id=key_id,
        )
        for key_id in (forger.key_id, key_id_of_cases(tocsin))
    ]


def key_id_of_cases(tocsin: Tocsin) -> str:
    seed = tocsin.stack.secrets.environment(CASES)["TOCSIN_ALERT_SIGNING_KEY"]
    return Signer(base64.b64decode(seed)).key_id


async def stretched(tocsin: Tocsin) -> AlertUpdated:
    """What cases really signed, said to be a version that would silence all that follow."""
    first = (await tocsin.told("ALERTS"))[0]
    genuine = AlertRaised.model_validate_json(first.data or b"")
    return AlertUpdated(
        occurred_at=genuine.occurred_at,
        version=99,
        alert_id=genuine.alert_id,
        statement=genuine.statement,
        signature=genuine.signature,
        key_id=genuine.key_id,
    )


async def delivered(everybody: World, alert_id: str) -> None:
    """Wait until the portal shows that the buyer's endpoint took what stands."""

    async def took_it() -> bool:
        alert = (await everybody.buyer.alerts()).get(alert_id)
        return alert is not None and alert["delivered"]["endpoints"] == 1

    await eventually(took_it, within=PATIENCE)


async def reaches_version(everybody: World, alert_id: str, version: int) -> None:
    """Wait until the portal shows a version of an alert, and its delivery is planned.

    Who hears a newer version first keeps that one, so the next may come only after both did.
    """

    async def shows_it() -> bool:
        planned = await everybody.buyer.notifications.all("/v1/deliveries", alert_id=alert_id)
        return version in await everybody.buyer.versions(alert_id) and version in {
            one["alert_version"] for one in planned
        }

    await eventually(shows_it, within=PATIENCE)

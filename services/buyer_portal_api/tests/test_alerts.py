"""Alerts as they are heard, kept and shown."""

import random
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

from builders import a_delivery, a_slot, an_alert, told, unverified
from portal import Answer, BuyerCaller, Portal, ids
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.signatures import Signer
from tocsin_contracts.alerts import Alert, AlertState, Level
from tocsin_contracts.events.alerts import (
    AlertCorrected,
    AlertEnded,
    AlertRaised,
    AlertTold,
    AlertUpdated,
)
from tocsin_contracts.events.deliveries import DeliveryFailed, DeliverySucceeded

REACHED = uuid4()


async def show(buyer: BuyerCaller, alert: Alert) -> Answer:
    return await buyer.get(f"/v1/alerts/{alert.alert_id}")


async def parked(portal: Portal) -> list[Any]:
    return (await portal.operator.get("/v1/admin/parked")).json()["data"]


async def test_an_alert_is_shown_as_it_was_signed(portal: Portal) -> None:
    buyer = await portal.buyer(REACHED)
    alert = an_alert(REACHED)

    await portal.tell(alert)

    said = alert.model_dump(mode="json")
    delivered = {"endpoints": 0, "failed": 0, "delivered_at": None}
    shown = said | {"verified": True, "delivered": delivered}
    assert (await buyer.get("/v1/alerts")).json() == {"data": [shown], "next_cursor": None}
    assert (await show(buyer, alert)).json() == shown | {"versions": [said]}


async def test_an_unverified_alert_says_so(portal: Portal) -> None:
    buyer = await portal.buyer(REACHED, signed=True)
    await portal.tell(alert := unverified(REACHED))

    shown = (await show(buyer, alert)).json()

    assert shown["verified"] is False
    assert (shown["facility"], shown["issues"]) == (None, [])


def a_history() -> list[tuple[Alert, type[AlertTold]]]:
    """One alert's life, and the fact each part of it is told as."""
    raised = unverified(REACHED)
    same: dict[str, Any] = {"alert_id": raised.alert_id}
    return [
        (raised, AlertRaised),
        (an_alert(REACHED, version=2, slot=a_slot(1), **same), AlertUpdated),
        (
            an_alert(
                REACHED, version=3, slot=a_slot(2), country="VN", state=AlertState.CORRECTED, **same
            ),
            AlertCorrected,
        ),
        (an_alert(REACHED, version=4, slot=a_slot(3), state=AlertState.ENDED, **same), AlertEnded),
    ]


async def test_repeats_old_states_and_reorderings_change_nothing(
    portal: Portal, database: Database, signer: Signer
) -> None:
    buyer = await portal.buyer(REACHED, signed=True)
    orders = random.Random(7).sample(list(permutations(range(4))), 6)  # noqa: S311
    histories = [a_history() for _ in orders]

    for history, order in zip(histories, orders, strict=True):
        for at in order:
            alert, fact = history[at]
            await portal.publish(told(alert, signer, fact))
            await portal.publish(told(alert, signer, fact))  # retold, under another event id
    await portal.heard_all()

    for history in histories:
        said = [alert.model_dump(mode="json") for alert, _ in history]
        shown = (await show(buyer, history[0][0])).json()
        assert shown["versions"] == said[::-1]
        assert {name: shown[name] for name in said[-1]} == said[-1]
    listed = await buyer.alerts()
    assert sorted(listed) == sorted(str(history[0][0].alert_id) for history in histories)
    assert await buyer.alerts(country="VN") == []
    assert await parked(portal) == []
    async with database.begin() as tx:
        kept = (await tx.execute(text("select count(*) from alert_version"))).scalar_one()
    assert kept == 4 * len(histories)


async def test_forged_alerts_are_parked_and_not_shown(portal: Portal, signer: Signer) -> None:
    buyer = await portal.buyer(REACHED)
    event = told(an_alert(REACHED), signer)
    by_another = Signer(bytes(32))
    forged = [
        event.model_copy(update={"signature": bytes(64)}),
        event.model_copy(update={"signature": b"short"}),
        event.model_copy(update={"statement": event.statement.replace("TH", "VN")}),
        event.model_copy(update={"key_id": "unknown"}),
        told(an_alert(REACHED), by_another),
        told(an_alert(REACHED), by_another).model_copy(update={"key_id": signer.key_id}),
    ]
    good = [an_alert(REACHED) for _ in forged]

    for bad, alert in zip(forged, good, strict=True):
        await portal.publish(bad.model_copy(update={"event_id": uuid4()}))
        await portal.publish(told(alert, signer))
    await portal.heard_all()

    assert sorted(await buyer.alerts()) == sorted(str(alert.alert_id) for alert in good)
    dead = await parked(portal)
    assert len(dead) == len(forged)
    for one in dead:
        assert one["reason"].startswith("ForgedStatement")
        assert one["retry_at"] is None


async def test_a_forged_old_version_is_parked_too(portal: Portal, signer: Signer) -> None:
    alert = an_alert(REACHED, version=5)
    await portal.tell(alert)

    forged = told(an_alert(REACHED, alert_id=alert.alert_id), Signer(bytes(32)))
    await portal.tell_events(forged)

    [dead] = await parked(portal)
    assert dead["reason"].startswith("ForgedStatement")


async def test_a_genuine_statement_in_anothers_envelope_is_parked(
    portal: Portal, signer: Signer
) -> None:
    buyer = await portal.buyer(REACHED)
    old = an_alert(REACHED, country="TH")
    new = an_alert(REACHED, alert_id=old.alert_id, version=2, country="VN")
    await portal.tell(old, new)

    replayed = told(old, signer, AlertUpdated).model_copy(update={"version": 9})
    moved = told(old, signer).model_copy(update={"alert_id": uuid4()})
    await portal.tell_events(replayed, moved)

    assert (await show(buyer, old)).json()["country"] == "VN"
    assert [one["reason"].split()[0] for one in await parked(portal)] == ["StatementOfAnother"] * 2


async def test_an_internal_alert_is_parked(portal: Portal) -> None:
    buyer = await portal.buyer(REACHED, signed=True)

    await portal.tell(an_alert(REACHED, level=Level.INTERNAL))

    assert await buyer.alerts() == []
    [dead] = await parked(portal)
    assert dead["reason"].startswith("NotForBuyers")


async def test_an_undecodable_body_harms_nobody_else(portal: Portal, signer: Signer) -> None:
    buyer = await portal.buyer(REACHED)
    good = [an_alert(REACHED) for _ in range(5)]

    for at, alert in enumerate(good):
        await portal.publish(told(alert, signer))
        if at == 2:
            await portal.publish(told(an_alert(REACHED), signer), body=b"not an event \xff")
    await portal.heard_all()

    assert sorted(await buyer.alerts()) == sorted(str(alert.alert_id) for alert in good)
    [dead] = await parked(portal)
    assert dead["retry_at"] is None


async def test_lists_are_filtered(portal: Portal) -> None:
    other = uuid4()
    buyer = await portal.buyer(REACHED, other, signed=True)
    plain = an_alert(REACHED)
    ended = an_alert(REACHED, state=AlertState.ENDED, slot=a_slot(1))
    early = unverified(REACHED, slot=a_slot(2))
    abroad = an_alert(REACHED, country="VN", slot=a_slot(3))
    danger = an_alert(REACHED, other, issue_group="safety", slot=a_slot(4))
    await portal.tell(plain, ended, early, abroad, danger)

    async def found(**filters: str) -> list[UUID]:
        return [UUID(one) for one in await buyer.alerts(**filters)]

    def those(*alerts: Alert) -> list[UUID]:
        return [alert.alert_id for alert in alerts]

    assert await found() == those(danger, abroad, early, ended, plain)
    assert await found(state="ended") == those(ended)
    assert await found(level="buyers_unverified") == those(early)
    assert await found(country="VN") == those(abroad)
    assert await found(issue_group="safety") == those(danger)
    assert await found(organisation=str(other)) == those(danger)
    assert await found(state="active", level="buyers_confirmed", country="TH") == those(
        danger, plain
    )
    assert await found(issue_group="nothing_like_it") == []


async def test_a_filter_matches_what_the_alert_says_now(portal: Portal) -> None:
    other = uuid4()
    buyer = await portal.buyer(REACHED, other)
    alert = an_alert(REACHED, other)
    await portal.tell(alert)
    await portal.tell(an_alert(REACHED, alert_id=alert.alert_id, version=2), as_fact=AlertUpdated)

    assert await buyer.alerts(organisation=str(other)) == []
    assert await buyer.alerts(organisation=str(REACHED)) == [str(alert.alert_id)]


async def test_deliveries_show_with_the_version_they_carried(portal: Portal) -> None:
    buyer, neighbour = await portal.buyer(REACHED), await portal.buyer(REACHED)
    alert = an_alert(REACHED)
    await portal.tell(alert)
    failing = a_delivery(alert, buyer.buyer_id, DeliveryFailed)
    arrived = a_delivery(alert, buyer.buyer_id, version=2)
    outdated = a_delivery(
        alert, buyer.buyer_id, DeliveryFailed, delivery_id=arrived.delivery_id, version=1
    )
    elsewhere = a_delivery(alert, neighbour.buyer_id)

    await portal.tell_events(failing, arrived, outdated, elsewhere)

    shown = {"endpoints": 1, "failed": 1, "delivered_at": "2031-03-04T12:00:01Z"}
    assert (await show(buyer, alert)).json()["delivered"] == shown
    assert (await buyer.get("/v1/alerts")).json()["data"][0]["delivered"] == shown
    assert (await show(neighbour, alert)).json()["delivered"]["failed"] == 0

    sent_again = failing.model_dump() | {"version": 2, "event_id": uuid4()}
    await portal.tell_events(DeliverySucceeded.model_validate(sent_again))
    assert (await show(buyer, alert)).json()["delivered"]["endpoints"] == 2
    assert (await show(buyer, alert)).json()["delivered"]["failed"] == 0

    await portal.tell(an_alert(REACHED, alert_id=alert.alert_id, version=2), as_fact=AlertUpdated)
    assert (await show(buyer, alert)).json()["delivered"]["endpoints"] == 0


async def test_a_delivery_may_be_heard_before_its_alert(portal: Portal) -> None:
    buyer = await portal.buyer(REACHED)
    alert = an_alert(REACHED)

    await portal.tell_events(a_delivery(alert, buyer.buyer_id))
    await portal.tell(alert)

    assert (await show(buyer, alert)).json()["delivered"]["endpoints"] == 1


async def test_an_etag_changes_with_what_is_seen_and_with_nothing_else(portal: Portal) -> None:
    buyer = await portal.buyer(REACHED)
    alert = an_alert(REACHED)
    await portal.tell(alert)
    path = f"/v1/alerts/{alert.alert_id}"
    first = (await buyer.get(path)).headers["etag"]

    await portal.tell(an_alert(uuid4()))  # another's
    await portal.tell(alert)  # retold
    unchanged = await buyer.get(path, headers={"If-None-Match": f'"other", {first}'})
    assert (unchanged.status, unchanged.text) == (304, "")
    assert unchanged.headers["etag"] == first

    await portal.tell(an_alert(REACHED, alert_id=alert.alert_id, version=2), as_fact=AlertUpdated)
    changed = await buyer.get(path, headers={"If-None-Match": first})
    assert changed.status == 200
    assert changed.headers["etag"] != first


async def test_an_operator_retries_what_was_parked(portal: Portal, signer: Signer) -> None:
    """What was forged stays dead; trying again says the same."""
    await portal.tell_events(told(an_alert(REACHED), Signer(bytes(32))))
    [dead] = await parked(portal)

    retried = await portal.operator.ask("POST", f"/v1/admin/parked/{dead['id']}/retry")

    assert retried.json()["outcome"] == "parked"
    assert retried.json()["reason"].startswith("ForgedStatement")
    assert ids(await parked(portal), "id") == [dead["id"]]

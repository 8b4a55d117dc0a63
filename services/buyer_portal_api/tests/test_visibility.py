"""Who sees which alert (protection L4, L6)."""

from collections.abc import Sequence
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from builders import a_slot, an_alert, unverified
from portal import BuyerCaller, Portal, ids
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_contracts.alerts import Alert, AlertState, Level
from tocsin_contracts.events.alerts import AlertCorrected, AlertUpdated

REACHED, ALSO_REACHED, OUT_OF_REACH, NOBODYS = (uuid4() for _ in range(4))


async def sees(buyer: BuyerCaller, alert: Alert) -> bool:
    """What list and single view both say."""
    listed = str(alert.alert_id) in await buyer.alerts()
    single = await buyer.get(f"/v1/alerts/{alert.alert_id}")
    assert single.status == (200 if listed else 404)
    return listed


@pytest.mark.parametrize("signed", [True, False])
async def test_an_alert_is_seen_by_reach_and_an_unverified_one_by_undertaking_too(
    portal: Portal, signed: bool
) -> None:
    buyer = await portal.buyer(REACHED, ALSO_REACHED, signed=signed)
    named: Sequence[tuple[Any, ...]] = (
        (REACHED,),
        (REACHED, OUT_OF_REACH),
        (OUT_OF_REACH, NOBODYS),
        (NOBODYS,),
        (),
    )
    levels = (Level.BUYERS_UNVERIFIED, Level.BUYERS_CONFIRMED, Level.PUBLIC)
    states = (AlertState.ACTIVE, AlertState.CORRECTED, AlertState.ENDED)
    alerts = [
        an_alert(*organisations, level=level, state=state)
        for organisations, level, state in product(named, levels, states)
    ]

    await portal.tell(*alerts)

    for alert in alerts:
        reached = any(one.organisation_id == REACHED for one in alert.organisations)
        level_open = signed or alert.level is not Level.BUYERS_UNVERIFIED
        assert await sees(buyer, alert) is (reached and level_open), alert


async def test_what_a_buyer_sees_follows_its_reach(portal: Portal) -> None:
    buyer = await portal.buyer(REACHED)
    near, far = an_alert(REACHED), an_alert(OUT_OF_REACH)
    await portal.tell(near, far)
    assert (await sees(buyer, near), await sees(buyer, far)) == (True, False)

    await portal.reach(buyer, OUT_OF_REACH)
    assert (await sees(buyer, near), await sees(buyer, far)) == (False, True)

    await portal.reach(buyer)
    assert (await sees(buyer, near), await sees(buyer, far)) == (False, False)


async def test_what_a_buyer_sees_follows_its_undertaking(portal: Portal) -> None:
    buyer = await portal.buyer(REACHED)
    alert = unverified(REACHED)
    await portal.tell(alert)
    assert not await sees(buyer, alert)

    for signed in (True, False):
        await portal.operator.ask(
            "PATCH",
            f"/v1/admin/buyers/{buyer.buyer_id}",
            json={"undertaking_signed": signed},
            headers={"If-Match": "*"},
        )
        assert await sees(buyer, alert) is signed


async def test_another_buyers_alert_looks_like_none(portal: Portal) -> None:
    mine, theirs = an_alert(REACHED), an_alert(OUT_OF_REACH)
    buyer, _ = await portal.buyer(REACHED), await portal.buyer(OUT_OF_REACH)
    await portal.tell(mine, theirs)

    not_mine = await buyer.get(f"/v1/alerts/{theirs.alert_id}")
    nothing = await buyer.get(f"/v1/alerts/{uuid4()}")

    assert not_mine.status == nothing.status == 404
    assert {**not_mine.json(), "request_id": ""} == {**nothing.json(), "request_id": ""}
    assert await buyer.alerts() == [str(mine.alert_id)]


async def test_an_alert_that_names_others_now_is_theirs(portal: Portal) -> None:
    before, after = await portal.buyer(REACHED), await portal.buyer(OUT_OF_REACH)
    alert = an_alert(REACHED)
    await portal.tell(alert)

    other = an_alert(OUT_OF_REACH, alert_id=alert.alert_id, version=2)
    await portal.tell(other, as_fact=AlertCorrected)

    assert not await sees(before, alert)
    assert await sees(after, alert)
    shown = await after.get(f"/v1/alerts/{alert.alert_id}")
    assert ids(shown.json()["versions"], "version") == [2]


async def test_what_was_unverified_stays_closed_after_it_is_confirmed(portal: Portal) -> None:
    signed, unsigned = await portal.buyer(REACHED, signed=True), await portal.buyer(REACHED)
    alert = unverified(REACHED)
    confirmed = an_alert(REACHED, alert_id=alert.alert_id, version=2, slot=a_slot(1))
    await portal.tell(alert)
    await portal.tell(confirmed, as_fact=AlertUpdated)

    for buyer, versions in ((signed, [2, 1]), (unsigned, [2])):
        shown = await buyer.get(f"/v1/alerts/{alert.alert_id}")
        assert shown.json()["version"] == 2
        assert shown.json()["verified"] is True
        assert ids(shown.json()["versions"], "version") == versions


async def test_views_of_unverified_alerts_are_logged(portal: Portal, database: Database) -> None:
    buyer, other = await portal.buyer(REACHED, signed=True), await portal.buyer(REACHED)
    listed, single = unverified(REACHED), unverified(REACHED, slot=a_slot(1))
    await portal.tell(listed, single, an_alert(REACHED))

    async def views() -> set[tuple[Any, ...]]:
        query = text("select buyer_id, key_id, alert_id, version from view")
        async with database.begin() as tx:
            return {tuple(row) for row in await tx.execute(query)}

    await other.alerts()
    assert await views() == set()

    await buyer.get(f"/v1/alerts/{single.alert_id}")
    seen = {(buyer.buyer_id, buyer.key_id, single.alert_id, 1)}
    assert await views() == seen

    await buyer.alerts()
    await buyer.alerts()
    assert await views() == seen | {(buyer.buyer_id, buyer.key_id, listed.alert_id, 1)}

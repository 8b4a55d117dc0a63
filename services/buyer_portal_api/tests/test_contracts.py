"""Contracts as the operator registers them, and what they change in a buyer's reach."""

import json
from typing import Any
from uuid import UUID, uuid4

from builders import an_alert
from portal import BuyerCaller, Portal
from sqlalchemy import text

from tocsin_buyer_portal_api.buyers.schemas import LARGEST_REACH
from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.fixtures import ToldIn
from tocsin_common.testing.http import Answer
from tocsin_contracts.events.buyers import ReachChanged


async def register(portal: Portal, buyer: BuyerCaller, *organisations: UUID) -> Answer:
    return await portal.operator.ask(
        "POST",
        f"/v1/admin/buyers/{buyer.buyer_id}/contracts",
        json={"reference": "Laptops", "organisation_ids": [str(one) for one in organisations]},
    )


async def contract_of(portal: Portal, buyer: BuyerCaller, *organisations: UUID) -> Any:
    answer = await register(portal, buyer, *organisations)
    assert answer.status == 201, answer
    return answer.json()


async def reach_of(portal: Portal, buyer: BuyerCaller) -> set[str]:
    shown = await portal.operator.get(f"/v1/admin/buyers/{buyer.buyer_id}/reach")
    return set(shown.json()["organisation_ids"])


async def told_reaches(database: Database, told: ToldIn) -> list[ReachChanged]:
    async def empty() -> bool:
        async with database.begin() as tx:
            return (await tx.execute(text("select count(*) from outbox"))).scalar_one() == 0

    await eventually(empty)
    found = [one for one in await told("BUYERS") if one.subject == ReachChanged.subject]
    return [ReachChanged.model_validate(json.loads(one.data)) for one in found]


async def test_a_buyer_reaches_what_is_confirmed_and_what_any_contract_reaches(
    portal: Portal, database: Database, told: ToldIn
) -> None:
    itself, both, first, second = sorted(uuid4() for _ in range(4))
    buyer = await portal.buyer(itself, both)

    one = await contract_of(portal, buyer, both, first)
    other = await contract_of(portal, buyer, first, second)

    assert await reach_of(portal, buyer) == {str(x) for x in (itself, both, first, second)}
    newest = (await told_reaches(database, told))[-1]
    assert newest.version == 3
    assert {str(x.contract_id): x.organisation_ids for x in newest.contracts} == {
        one["contract_id"]: (both, first),
        other["contract_id"]: (first, second),
    }


async def test_what_only_a_contract_reached_is_reached_no_more_without_it(portal: Portal) -> None:
    itself, both, only = uuid4(), uuid4(), uuid4()
    buyer = await portal.buyer(itself, both)
    contract = await contract_of(portal, buyer, both, only)

    gone = await portal.operator.ask(
        "DELETE", f"/v1/admin/buyers/{buyer.buyer_id}/contracts/{contract['contract_id']}"
    )

    assert gone.status == 204
    assert await reach_of(portal, buyer) == {str(itself), str(both)}


async def test_what_is_no_longer_confirmed_by_itself_stays_while_a_contract_reaches_it(
    portal: Portal,
) -> None:
    itself, both = uuid4(), uuid4()
    buyer = await portal.buyer(itself, both)
    await contract_of(portal, buyer, both)

    await portal.reach(buyer)

    assert await reach_of(portal, buyer) == {str(both)}


async def test_a_contract_is_not_overwritten_unseen_and_a_new_name_tells_no_reach(
    portal: Portal, database: Database, told: ToldIn
) -> None:
    organisation = uuid4()
    buyer = await portal.buyer()
    contract = await contract_of(portal, buyer, organisation)
    path = f"/v1/admin/buyers/{buyer.buyer_id}/contracts/{contract['contract_id']}"
    wanted = {"reference": "Servers", "organisation_ids": [str(organisation)]}

    missing = await portal.operator.ask("PUT", path, json=wanted)
    changed = await portal.operator.ask("PUT", path, json=wanted, headers={"If-Match": '"1"'})
    stale = await portal.operator.ask("PUT", path, json=wanted, headers={"If-Match": '"1"'})

    assert [one.status for one in (missing, changed, stale)] == [428, 200, 412]
    assert changed.json()["reference"] == "Servers"
    assert changed.headers["etag"] == '"2"'
    assert len(await told_reaches(database, told)) == 1


async def test_a_buyer_sees_its_own_contracts_and_nobody_elses(portal: Portal) -> None:
    buyer, other = await portal.buyer(), await portal.buyer()
    mine = [await contract_of(portal, buyer, uuid4()) for _ in range(3)]
    theirs = await contract_of(portal, other, uuid4())

    pages = await buyer.pages("/v1/contracts", limit=2)
    shown = await buyer.get(f"/v1/contracts/{mine[0]['contract_id']}")
    hidden = await buyer.get(f"/v1/contracts/{theirs['contract_id']}")

    listed = [one["contract_id"] for page in pages for one in page]
    assert listed == [one["contract_id"] for one in mine]
    assert shown.json()["organisation_ids"] == mine[0]["organisation_ids"]
    assert hidden.status == 404


async def test_a_reach_that_fits_into_no_event_is_refused_and_changes_nothing(
    portal: Portal,
) -> None:
    itself = uuid4()
    buyer = await portal.buyer(itself)

    answer = await register(portal, buyer, *(uuid4() for _ in range(LARGEST_REACH)))

    assert (answer.status, answer.json()["code"]) == (409, "reach_too_large")
    assert await reach_of(portal, buyer) == {str(itself)}
    assert (await buyer.get("/v1/contracts")).json()["data"] == []


async def test_alerts_are_seen_through_a_contract(portal: Portal) -> None:
    reached = uuid4()
    buyer = await portal.buyer()
    await contract_of(portal, buyer, reached)
    alert = an_alert(reached)

    await portal.tell(alert)

    assert await buyer.alerts() == [str(alert.alert_id)]

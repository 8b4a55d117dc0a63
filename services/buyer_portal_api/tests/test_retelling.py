"""What the portal told of its buyers is told again as it stands."""

from typing import Any
from uuid import uuid4

from portal import Portal
from test_contracts import contract_of

from tocsin_common.testing import eventually
from tocsin_common.testing.fixtures import ToldIn
from tocsin_common.testing.telling_again import standing, tell_again

OF_NOW = ("occurred_at",)
"""When a buyer, a key or a reach changed is not stored."""


async def test_buyers_keys_and_reaches_are_told_again_as_they_stand(
    portal: Portal, told: ToldIn
) -> None:
    one, other = await portal.buyer(uuid4(), uuid4()), await portal.buyer()
    await contract_of(portal, one, uuid4(), uuid4())
    await contract_of(portal, one, uuid4())
    path = f"/v1/admin/buyers/{other.buyer_id}"
    key = await portal.operator.ask("POST", f"{path}/keys", json={})
    assert key.status == 201
    first = await all_told(told, 8)

    client = portal.operator.client
    number = await tell_again(client, client.with_key(portal.operator.key))

    again = (await all_told(told, len(first) + number))[len(first) :]
    assert standing(again, OF_NOW) == standing(first, OF_NOW)
    assert len(again) == len(standing(first))


async def all_told(told: ToldIn, number: int) -> list[Any]:
    async def look() -> list[Any]:
        found = await told("BUYERS")
        return found if len(found) >= number else []

    return await eventually(look)

"""A hotline holds a disclosure, and it does not leave; it lets go, and it does."""

from typing import Any

import pytest

from tests.support import world
from tests.support.receiver import Receiver
from tests.support.tocsin import PATIENCE, SLOT, Tocsin
from tests.support.world import a_complaint
from tocsin_common.testing import eventually
from tocsin_contracts.streams import CASES

PLACE, CONTROL = world.a_place(81), world.a_place(82)
HOLD = {"reason": "source_in_danger"}
NOTICE = 12


@pytest.fixture(scope="module")
def chosen_settings() -> dict[str, str]:
    """Long enough between telling the hotline and releasing that it can hold on a busy machine."""
    return {"TOCSIN_NOTICE_SECONDS": str(NOTICE)}


async def test_a_hold_stops_the_release_and_letting_go_lets_it_leave(
    tocsin: Tocsin, receiver: Receiver
) -> None:
    everybody = await world.build(tocsin, receiver, [PLACE, CONTROL])
    await everybody.hotline.report(a_complaint("HELD-1", PLACE))

    async def intended() -> Any:
        return (await everybody.hotline.get("/v1/disclosures"))["data"]

    [shown] = await eventually(intended, within=PATIENCE)
    assert shown["organisation_names"] == [PLACE.organisation]
    path = f"/v1/disclosures/{shown['disclosure_id']}"
    await everybody.hotline.post(f"{path}/hold", HOLD)

    async def counted_as_held() -> bool:
        return (await tocsin.operator(CASES).get("/v1/admin/ledger"))["held"] == 1

    await eventually(counted_as_held, within=PATIENCE)
    await everybody.hotline.report(a_complaint("NOT-HELD-1", CONTROL))
    told = await eventually(receiver.newest, within=PATIENCE + NOTICE + 2 * SLOT)
    alerts = await everybody.officer.alerts()
    names = [one["organisations"][0]["name"] for one in alerts.values()]
    assert names == [CONTROL.organisation], "the later one left, the held one did not"
    assert len(told) == 1

    await everybody.hotline.post(f"{path}/release", HOLD)

    async def both() -> bool:
        return len(receiver.newest()) == 2

    await eventually(both, within=PATIENCE)

"""Lists in pages: complete, stable, and each cursor good for one list of one buyer."""

from typing import Any
from uuid import uuid4

from builders import a_slot, an_alert
from portal import Portal, ids

REACHED = uuid4()


async def test_paging_is_complete_and_stable_while_alerts_arrive(portal: Portal) -> None:
    buyer = await portal.buyer(REACHED)
    there = [an_alert(REACHED, slot=a_slot(at // 3)) for at in range(20)]
    await portal.tell(*there, *(an_alert(uuid4()) for _ in range(20)))

    found: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    while True:
        answer = await buyer.get("/v1/alerts", **params)
        found += ids(answer.json()["data"])
        if answer.json()["next_cursor"] is None:
            break
        params["after"] = answer.json()["next_cursor"]
        await portal.tell(an_alert(REACHED, slot=a_slot(7)), an_alert(uuid4()))

    expected = sorted(there, key=lambda one: (one.slot, one.alert_id), reverse=True)
    assert found == [str(one.alert_id) for one in expected]


async def test_a_link_leads_to_the_next_page_with_the_same_filters(portal: Portal) -> None:
    buyer = await portal.buyer(REACHED)
    alerts = [an_alert(REACHED, slot=a_slot(at)) for at in range(3)]
    await portal.tell(*alerts, an_alert(REACHED, country="VN", slot=a_slot(9)))

    first = await buyer.get("/v1/alerts", limit=2, country="TH")
    target, rel = first.headers["link"].split("; ")
    second = await buyer.get(target.strip("<>"))

    assert rel == 'rel="next"'
    assert first.json()["next_cursor"] in target
    assert ids(second.json()["data"]) == [str(alerts[0].alert_id)]
    assert second.json()["next_cursor"] is None
    assert "link" not in second.headers


async def test_a_page_that_is_exactly_full_is_the_last(portal: Portal) -> None:
    buyer = await portal.buyer(REACHED)
    await portal.tell(*(an_alert(REACHED) for _ in range(4)))

    assert [len(page) for page in await buyer.pages("/v1/alerts", limit=2)] == [2, 2]


async def test_a_cursor_is_good_for_one_list_of_one_buyer(portal: Portal) -> None:
    buyer, neighbour = await portal.buyer(REACHED), await portal.buyer(REACHED)
    await portal.tell(*(an_alert(REACHED) for _ in range(3)))
    cursor = (await buyer.get("/v1/alerts", limit=1)).json()["next_cursor"]
    changed = cursor[:40] + ("A" if cursor[40] != "A" else "B") + cursor[41:]

    for answer in (
        await neighbour.get("/v1/alerts", after=cursor),
        await buyer.get("/v1/alerts", after=cursor, country="TH"),
        await buyer.get("/v1/suppliers", after=cursor),
        await buyer.get("/v1/alerts", after=changed),
        await buyer.get("/v1/alerts", after=cursor + "A"),
        await buyer.get("/v1/alerts", after=""),
    ):
        assert (answer.status, answer.json()["code"]) == (400, "bad_cursor")
        assert answer.headers["content-type"] == "application/problem+json"
        assert cursor[:40] not in str(answer.json())
    assert (await buyer.get("/v1/alerts", after=cursor)).status == 200


async def test_a_page_has_a_size(portal: Portal) -> None:
    buyer = await portal.buyer(REACHED)

    for limit in ("0", "-1", "201", "many"):
        answer = await buyer.get("/v1/alerts", limit=limit)

        assert answer.status == 422
        assert answer.json()["errors"][0]["pointer"] == "/limit"

"""Whatever is stored is registered, and goes at its age; what is live stays (protection V10)."""

from datetime import UTC, datetime, timedelta

from builders import an_alert, an_organisation
from conftest import Serve
from receiver import Receiver
from scene import Scene

from tocsin_common.database import Database
from tocsin_common.keeping import Keeping
from tocsin_common.testing.register import scanned, streams_of, unregistered, without_an_end
from tocsin_contracts.alerts import Alert, AlertState
from tocsin_contracts.streams import NOTIFICATIONS
from tocsin_notifications import places
from tocsin_notifications.alerts import retention

MAKER = an_organisation()
OLD = datetime.now(UTC) - places.ALERT - timedelta(days=1)
YOUNG = datetime.now(UTC) - places.ALERT + timedelta(days=1)


def versions(slot: datetime, *states: AlertState) -> list[Alert]:
    first = an_alert(organisations=(MAKER,), slot=slot)
    return [
        first.model_copy(update={"version": number, "state": state})
        for number, state in enumerate(states, 1)
    ]


def keeping(scene: Scene) -> Keeping:
    return Keeping(scene.database, places.TABLES, retention.PURGES)


async def test_every_table_and_column_is_registered(database: Database) -> None:
    assert await unregistered(database, places.TABLES) == {}
    assert without_an_end(places.TABLES | places.STREAMS) == []
    assert streams_of(NOTIFICATIONS) == set(places.STREAMS)
    assert await scanned(database, places.TABLES) == []


async def test_an_alert_goes_long_after_its_end_and_one_that_is_live_is_still_corrected(
    serve: Serve, scene: Scene, receiver: Receiver
) -> None:
    active, ended = AlertState.ACTIVE, AlertState.ENDED
    gone = versions(OLD, active, active, ended)
    kept = [
        versions(OLD, active, active),  # live, however old
        versions(OLD, active, ended, active),  # live again
        versions(YOUNG, active, ended),
    ]
    async with serve() as scene.client:
        buyer, _ = await scene.listener(receiver.url(), reach=[MAKER.organisation_id])
        for told in (gone, *kept):
            for alert in told:
                await scene.release(alert)
                await scene.quiet()
        await scene.delivered(10)

        let_go = await keeping(scene).let_go()
        again = await keeping(scene).let_go()

        left = {str(told[0].alert_id) for told in kept}
        assert {one["alert_id"] for one in await scene.deliveries(buyer)} == left
        for table in ("alert_version", "alert_organisation", "acknowledgement"):
            ids = f"select array_agg(distinct alert_id) from {table}"  # noqa: S608
            rows = await scene.count(ids)
            assert {str(one) for one in rows} == left
        assert (let_go, again) == (len(gone) + 1, 0)

        correction = kept[0][0].model_copy(
            update={"version": 3, "state": AlertState.CORRECTED, "organisations": ()}
        )
        await scene.release(correction)
        await receiver.got(11)

    assert receiver.hits[-1].told["type"] == "alert.corrected"


async def test_many_deliveries_of_one_alert_go_some_at_a_time(scene: Scene) -> None:
    [alert] = versions(OLD, AlertState.ENDED)
    await scene.database_change(ONE_ALERT.format(alert.alert_id, 2 * retention.AT_ONCE + 1))

    async with scene.database.begin() as tx:
        first = await retention.purge_deliveries(tx)
    async with scene.database.begin() as tx:
        too_soon = await retention.purge_alerts(tx)
    rest = await keeping(scene).let_go()

    assert (first, too_soon) == (retention.AT_ONCE, 0)
    assert rest == retention.AT_ONCE + 1 + 1
    assert await scene.count("select count(*) from delivery") == 0
    assert await scene.count("select count(*) from alert_version") == 0


ONE_ALERT = """
with alert as (
    insert into alert_version (alert_id, version, type, level, slot, body)
    values ('{0}', 1, 'alert.ended', 'public', now() - interval '6 years', '')
)
insert into delivery (
    id, buyer_id, endpoint_id, purpose, alert_id, alert_version, pressing, state, planned_at,
    due_at, leases, attempts, tries, version
)
select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'alert', '{0}', 1, false,
    'delivered', now(), now(), 1, 1, 1, 1
from generate_series(1, {1})
"""


async def test_what_carried_no_alert_and_was_never_tried_goes_after_a_year(
    serve: Serve, scene: Scene, receiver: Receiver
) -> None:
    receiver.answer_with("/hook", 503)
    async with serve() as scene.client:
        buyer = await scene.buyer()
        endpoint = await scene.endpoint(buyer, receiver.url())
        where = f"/v1/endpoints/{endpoint['endpoint_id']}"
        for _ in range(2):
            await scene.post(f"{where}/test", buyer, expect=202)
        await receiver.got(2)
    await scene.database_change(
        "update delivery set planned_at = now() - interval '366 days'"
        " where id = (select min(id::text)::uuid from delivery)"
    )

    assert await keeping(scene).let_go() == 1
    assert await scene.count("select count(*) from delivery") == 1

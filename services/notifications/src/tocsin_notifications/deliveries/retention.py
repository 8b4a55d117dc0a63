"""Attempts are kept for a while and then deleted, a few at a time."""

from contextlib import AbstractAsyncContextManager

from tocsin_common.database import Database, driver
from tocsin_common.rounds import Rounds

EVERY = 600.0  # seconds between looks
BATCH = 500  # attempts of one endpoint in one transaction
ROUNDS = 200  # transactions in one look; what is left waits for the next

# The endpoints that have attempts are found by leaping over the index, also those deleted since.
# A test or notice goes with its last attempt; what carries an alert stays, for it says who was
# told.
_DELETE = """
with recursive known as (
    (select endpoint_id from attempt order by endpoint_id limit 1)
    union all
    select (
        select next.endpoint_id from attempt as next
        where next.endpoint_id > known.endpoint_id order by next.endpoint_id limit 1
    )
    from known where known.endpoint_id is not null
),
old as (
    select first.delivery_id, first.number
    from known cross join lateral (
        select delivery_id, number from attempt
        where attempt.endpoint_id = known.endpoint_id
            and attempt.started_at < now() - $1::int * interval '1 day'
        order by started_at
        limit $2
    ) as first
    limit $2
),
deleted as (
    delete from attempt using old
    where attempt.delivery_id = old.delivery_id and attempt.number = old.number
    returning attempt.delivery_id
),
carried_no_alert as (
    delete from delivery using deleted
    where delivery.id = deleted.delivery_id and delivery.purpose <> 'alert'
        and delivery.settled_at < now() - $1::int * interval '1 day'
)
select count(*) from deleted
"""


class Retention:
    """Deletes attempts that are older than so many days."""

    def __init__(self, database: Database, days: int) -> None:
        self._database = database
        self._days = days

    def running(self) -> AbstractAsyncContextManager[None]:
        """Delete in the background until the block ends."""
        return Rounds("retention", self._round, every=EVERY).running()

    async def delete_old(self) -> int:
        """Delete what is too old, up to a bound; return how many attempts that were."""
        count = 0
        for _ in range(ROUNDS):
            async with self._database.begin() as tx:
                found: int = await (await driver(tx)).fetchval(_DELETE, self._days, BATCH)
            count += found
            if found < BATCH:
                break
        return count

    async def _round(self) -> None:
        await self.delete_old()

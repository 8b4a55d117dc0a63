"""Notices: a buyer hears by mail that one of its endpoints was switched off."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_common.database import driver
from tocsin_notifications.deliveries.news import Disabled

_PLAN = """
insert into delivery (
    id, buyer_id, endpoint_id, purpose, body, pressing, state, planned_at, due_at,
    leases, attempts, tries, version
)
select gen_random_uuid(), address.buyer_id, address.id, 'notice', convert_to(json_build_object(
        'type', 'endpoint.disabled',
        'data', json_build_object(
            'endpoint_id', gone.id,
            'kind', gone.kind,
            'endpoint', coalesce(nullif(gone.description, ''), gone.address),
            'reason', off.reason
        )
    )::text, 'UTF8'), true, 'waiting', now(), now(), 0, 0, 0, 0
from unnest($1::uuid[], $2::text[]) as off(endpoint_id, reason)
join endpoint as gone on gone.id = off.endpoint_id and gone.kind <> 'listen'
join endpoint as address on address.buyer_id = gone.buyer_id and address.kind = 'email'
    and address.id <> gone.id
    and address.verified_at is not null and address.disabled_at is null
order by address.id
"""


async def plan(tx: AsyncConnection, disabled: Sequence[Disabled]) -> None:
    """Plan a notice to every other confirmed address of the buyers of these endpoints."""
    await (await driver(tx)).execute(
        _PLAN, [one.endpoint_id for one in disabled], [one.reason for one in disabled]
    )

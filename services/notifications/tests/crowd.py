"""Very many subscriptions, of which an alert meets a few."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

REACHING = 20  # buyers whose contracts reach the organisation, however many there are besides
MATCHING = 2  # subscriptions of each of them that the alert meets

# A fiftieth of all subscriptions belongs to each buyer that reaches the organisation: they are
# about other countries and other organisations. The rest is of buyers that do not reach it, and
# would hear of everything if they did.
_CROWD = """
with sizes as (
    select cast(:subscriptions as int) as everything, cast(:subscriptions as int) / 100 as each
),
buyers as (
    insert into buyer (id, name, language, undertaking_signed, active)
    select gen_random_uuid(), 'buyer ' || n, 'en', true, true
    from generate_series(1, :reaching + 200) as n
    returning id, name
),
reached as (
    insert into reach (organisation_id, buyer_id)
    select cast(:organisation as uuid), id from buyers
    where substr(name, 7)::int <= :reaching
    union all
    select gen_random_uuid(), id from buyers, generate_series(1, 20)
),
endpoints as (
    insert into endpoint (
        id, buyer_id, kind, address, description, latest_only, secret_generation, created_at,
        version
    )
    select gen_random_uuid(), id, 'webhook', 'https://buyer.example', '', false, 1, now(), 0
    from buyers
),
wishes as (
    select gen_random_uuid() as id, buyers.id as buyer_id,
        case when n <= :matching then '* in *'
            else 'wages in ' || (array['TH', 'CN'])[n % 2 + 1] end as term
    from buyers, sizes, generate_series(1, sizes.each) as n
    where substr(buyers.name, 7)::int <= :reaching
    union all
    select gen_random_uuid(), buyers.id, '* in *'
    from buyers, sizes,
        generate_series(1, (sizes.everything - :reaching * sizes.each) / 200) as n
    where substr(buyers.name, 7)::int > :reaching
),
made as (
    insert into subscription (
        id, buyer_id, name, organisation_ids, countries, issue_groups, every_endpoint, created_at
    )
    select id, buyer_id, '', '{}',
        case when term = '* in *' then '{}' else array[right(term, 2)] end,
        case when term = '* in *' then '{}' else array['wages'] end, true, now()
    from wishes
)
select id, buyer_id, term from wishes
"""
_TERMS = """
insert into subscription_term (subscription_id, buyer_id, term)
select id, buyer_id, case when countries = '{}' then '* in *' else 'wages in ' || countries[1] end
from subscription
"""


async def crowd(tx: AsyncConnection, organisation: UUID, subscriptions: int) -> int:
    """Make about so many subscriptions; return how many there are."""
    await tx.execute(
        text(_CROWD),
        {
            "organisation": organisation,
            "subscriptions": subscriptions,
            "reaching": REACHING,
            "matching": MATCHING,
        },
    )
    await tx.execute(text(_TERMS))
    return (await tx.execute(text("select count(*) from subscription"))).scalar_one()

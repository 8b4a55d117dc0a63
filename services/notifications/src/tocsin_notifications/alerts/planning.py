"""The statements that keep an alert and find everybody who is to be told of it."""

GATHERING = 7_463_241_905_218  # the advisory lock between planning and gathering digests

KEEP = """
with kept as (
    insert into alert_version (
        alert_id, version, type, level, slot, body, trace, country, issue_group, severity,
        facility_id, statement
    )
    select * from unnest(
        $1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::bytea[], $7::text[],
        $8::text[], $9::text[], $10::smallint[], $11::uuid[], $12::text[]
    )
    on conflict do nothing
)
insert into alert_organisation (alert_id, version, organisation_id, roles)
select alert_id, version, organisation_id, string_to_array(roles, ' ')
from unnest($13::uuid[], $14::int[], $15::uuid[], $16::text[])
    as named(alert_id, version, organisation_id, roles)
on conflict do nothing
"""

# To plan `PLAN` costs PostgreSQL four times what it costs to run it for a lone alert, so each
# connection plans it once: by look-ups, however few rows there were when that was.
# What `PLAN` sees as collected must not go into a digest meanwhile: its reader would be told of it
# and not of what follows. So many plan at once, and nobody while digests are gathered.
BEGIN = """
select pg_advisory_xact_lock_shared($1),
    set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)
"""

# Every step looks up what the step before found, by an index and never by a scan, whatever the
# planner believes of the tables' sizes: `offset 0` keeps it from turning a look-up into a join.
#
# Who reaches an organisation that an alert names may hear of it. Of those, the subscriptions that
# share a term with it are looked at; the terms of contracts are each buyer's own.
MATCHING = """
alert as materialized (
    select * from unnest(
        $1::uuid[], $2::int[], $3::int[], $4::bool[], $5::bool[], $6::bool[], $7::text[],
        $8::text[], $9::int[], $10::uuid[], $11::text[]
    ) as alert(
        alert_id, version, level, unverified, ended, reaches_all_told, country, issue_group,
        severity, facility_id, type
    )
),
named as materialized (
    select alert_id, organisation_id, string_to_array(roles, ' ') as roles
    from unnest($12::uuid[], $13::uuid[], $14::text[]) as named(alert_id, organisation_id, roles)
),
hearer as materialized (
    select distinct alert.*, buyer.id as buyer_id
    from named
    join alert on alert.alert_id = named.alert_id and not alert.ended
    cross join lateral (
        select reach.buyer_id from reach
        where reach.organisation_id = named.organisation_id offset 0
    ) as reaching
    cross join lateral (
        select buyer.id from buyer
        where buyer.id = reaching.buyer_id and buyer.active
            and (buyer.undertaking_signed or not alert.unverified)
        offset 0
    ) as buyer
),
term as (
    select hearer.alert_id, hearer.buyer_id, of_alert.term
    from unnest($15::uuid[], $16::text[]) as of_alert(alert_id, term)
    join hearer on hearer.alert_id = of_alert.alert_id
    union
    select hearer.alert_id, hearer.buyer_id, 'contract ' || reaching.contract_id
    from named
    cross join lateral (
        select contract_reach.contract_id, contract_reach.buyer_id from contract_reach
        where contract_reach.organisation_id = named.organisation_id offset 0
    ) as reaching
    join hearer on hearer.alert_id = named.alert_id and hearer.buyer_id = reaching.buyer_id
),
found as (
    select distinct term.alert_id, term.buyer_id, by_term.subscription_id
    from term cross join lateral (
        select subscription_term.subscription_id from subscription_term
        where subscription_term.buyer_id = term.buyer_id and subscription_term.term = term.term
        offset 0
    ) as by_term
),
matching as (
    select found.alert_id, wish.id, wish.buyer_id, wish.every_endpoint, wish.timing
    from found
    join alert on alert.alert_id = found.alert_id
    cross join lateral (
        select subscription.* from subscription
        where subscription.id = found.subscription_id offset 0
    ) as wish
    where wish.paused_at is null
        and alert.severity >= wish.severity_at_least and alert.level >= wish.level_at_least
        and (wish.countries = '{}' or alert.country = any(wish.countries))
        and (wish.issue_groups = '{}' or alert.issue_group = any(wish.issue_groups))
        and (wish.facility_ids = '{}' or alert.facility_id = any(wish.facility_ids))
        and (
            (wish.organisation_ids = '{}' and wish.contract_ids = '{}' and wish.roles = '{}')
            or exists (
                select from named
                where named.alert_id = alert.alert_id
                    and (wish.roles = '{}' or named.roles && wish.roles)
                    and (wish.organisation_ids = '{}'
                        or named.organisation_id = any(wish.organisation_ids))
                    and (wish.contract_ids = '{}' or exists (
                        select from contract_reach as by
                        where by.organisation_id = named.organisation_id
                            and by.contract_id = any(wish.contract_ids)
                            and by.buyer_id = found.buyer_id
                    ))
                    and (wish.organisation_ids <> '{}' or wish.contract_ids <> '{}' or exists (
                        select from reach
                        where reach.organisation_id = named.organisation_id
                            and reach.buyer_id = found.buyer_id
                    ))
            )
        )
)
"""

# An endpoint that has a version of an alert on its way, or there, hears how it goes on: that is
# what `follows` says. `reached` is one that may have heard it already: no change waits for quiet
# hours or digests there, and a correction for nothing. A version that was only collected is
# replaced by the newer one. A buyer none of whose endpoints that were told is there any more hears
# it at those that it has now.
#
# An endpoint that still waits for an older version gets this one after it, so it is due no sooner;
# unless that is pressing, like a correction, which goes past it.
PLAN = f"""
with {MATCHING},
wanted as (
    select hearing.alert_id, endpoint.id as endpoint_id, endpoint.kind, hearing.timing
    from (
        select distinct alert_id, buyer_id, timing from matching where every_endpoint
    ) as hearing
    cross join lateral (
        select endpoint.id, endpoint.kind from endpoint
        where endpoint.buyer_id = hearing.buyer_id offset 0
    ) as endpoint
    union all
    select matching.alert_id, endpoint.id, endpoint.kind, matching.timing
    from matching
    cross join lateral (
        select of_wish.endpoint_id from subscription_endpoint as of_wish
        where not matching.every_endpoint and of_wish.subscription_id = matching.id
        offset 0
    ) as of_wish
    cross join lateral (
        select endpoint.id, endpoint.kind from endpoint
        where endpoint.id = of_wish.endpoint_id offset 0
    ) as endpoint
),
before as materialized (
    select alert.alert_id, earlier.endpoint_id, earlier.buyer_id,
        exists (
            select from endpoint where endpoint.id = earlier.endpoint_id
                and (endpoint.kind = 'webhook'
                    or endpoint.kind = 'email' and endpoint.verified_at is not null)
        ) as there,
        bool_or(
            earlier.leases > 0 or earlier.state in ('delivered', 'failed', 'in_digest')
        ) as reached
    from alert
    cross join lateral (
        select delivery.endpoint_id, delivery.buyer_id, delivery.leases, delivery.state
        from delivery
        where delivery.alert_id = alert.alert_id and delivery.state <> 'collected'
            and delivery.alert_version <> alert.version
            and not (delivery.state in ('superseded', 'cancelled') and delivery.leases = 0)
        offset 0
    ) as earlier
    left join lateral (
        select buyer.id from buyer
        where buyer.id = earlier.buyer_id and buyer.active
            and (buyer.undertaking_signed or not alert.unverified)
        offset 0
    ) as buyer on true
    where alert.reaches_all_told or buyer.id is not null
    group by alert.alert_id, earlier.endpoint_id, earlier.buyer_id
),
moved as (
    select moved.alert_id, endpoint.id as endpoint_id, moved.reached
    from (
        select alert_id, buyer_id, bool_or(reached) as reached from before
        group by alert_id, buyer_id
        having not bool_or(there)
    ) as moved
    cross join lateral (
        select endpoint.id from endpoint
        where endpoint.buyer_id = moved.buyer_id and endpoint.kind <> 'listen' offset 0
    ) as endpoint
),
to_tell as materialized (
    select alert_id, endpoint_id, bool_or(follows) as follows, bool_or(reached) as reached,
        array_agg(distinct timing) filter (where not follows) as timings
    from (
        select alert_id, endpoint_id, false as follows, false as reached,
            case when kind = 'email' then timing else '' end as timing
        from wanted
        union all
        select alert_id, endpoint_id, true, reached, null from before
        union all
        select alert_id, endpoint_id, true, reached, null from moved
    ) as either
    group by alert_id, endpoint_id
),
replaced as (
    update delivery set state = 'superseded', settled_at = now()
    from alert
    where delivery.alert_id = alert.alert_id and delivery.state = 'collected'
        and delivery.alert_version < alert.version
),
planned as (
    insert into delivery (
        id, buyer_id, endpoint_id, purpose, alert_id, alert_version, pressing, state,
        planned_at, due_at, leases, attempts, tries, version
    )
    select gen_random_uuid(), endpoint.buyer_id, endpoint.id, 'alert', alert.alert_id,
        alert.version,
        to_tell.reached and alert.reaches_all_told,
        'waiting', now(), greatest(now(), (
            select max(older.due_at) from delivery as older
            where older.alert_id = alert.alert_id and older.endpoint_id = endpoint.id
                and older.state = 'waiting'
                and not (alert.reaches_all_told and to_tell.reached)
        )), 0, 0, 0, 0
    from to_tell
    join alert on alert.alert_id = to_tell.alert_id
    cross join lateral (
        select endpoint.id, endpoint.buyer_id from endpoint
        where endpoint.id = to_tell.endpoint_id
            and case endpoint.kind
                when 'email' then endpoint.verified_at is not null
                when 'listen' then endpoint.listened_at > now() - interval '10 minutes'
                else true
            end
        offset 0
    ) as endpoint
    order by endpoint.id
    on conflict do nothing
    returning id, buyer_id, endpoint_id, alert_id, alert_version
),
asked as (
    insert into acknowledgement (id, alert_id, buyer_id, version, type, asked_at)
    select gen_random_uuid(), alert.alert_id, told.buyer_id, alert.version, alert.type, now()
    from (
        select distinct planned.alert_id, planned.buyer_id
        from planned join to_tell using (alert_id, endpoint_id)
        where to_tell.follows
    ) as told
    join alert on alert.alert_id = told.alert_id
    order by alert.alert_id, told.buyer_id
    on conflict (alert_id, buyer_id) do update set
        version = excluded.version, type = excluded.type, asked_at = excluded.asked_at,
        acknowledged_at = null
)
select planned.id, buyer.time_zone, alert.unverified,
    case when not to_tell.follows and not ('' = any(to_tell.timings)) then to_tell.timings end
        as timings
from planned
join to_tell using (alert_id, endpoint_id)
join alert on alert.alert_id = planned.alert_id
left join lateral (
    select buyer.time_zone from buyer where buyer.id = planned.buyer_id offset 0
) as buyer on true
"""  # noqa: S608 - of two constants

POSTPONE = """
update delivery set state = later.state, due_at = later.due_at
from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as later(id, state, due_at)
where delivery.id = later.id
"""

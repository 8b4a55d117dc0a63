"""What one alert costs among 1,000, 10,000 and 100,000 subscriptions: found and planned."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from bench import Bench
from measurement import Aim, Found, Measurement
from world import ORDINARY

from tocsin_contracts.alerts import (
    Alert,
    AlertState,
    Ask,
    Level,
    NamedOrganisation,
    SupplierPosition,
)
from tocsin_contracts.streams import NOTIFICATIONS
from tocsin_notifications.alerts import planning
from tocsin_notifications.alerts.matching import seen
from tocsin_notifications.alerts.service import Announcement, arguments
from tocsin_notifications.webhooks.payload import body_of

SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000}
ALERTS = 30
ORGANISATIONS = 4_000
GROWING = ("subscription", "subscription_term", "reach", "buyer", "endpoint")
COUNTRIES = ("CN", "VN", "TH", "MY", "MX", "HU", "PH", "ID", "IN", "TW")
GROUPS = ("wages", "hours", "safety", "recruitment", "association")

# Each buyer reaches a hundred organisations and has a hundred subscriptions: one to everything,
# four tenths to an organisation it reaches, the rest to a country and an issue group.
_CROWD = """
create temporary table known as
select n, gen_random_uuid() as id from generate_series(1, {organisations}) as n;
create temporary table buyers as
select n, gen_random_uuid() as id from generate_series(1, {buyers}) as n;
insert into buyer (id, name, language, undertaking_signed, active)
select id, 'bench crowd', 'en', true, true from buyers;
insert into reach (organisation_id, buyer_id)
select known.id, buyers.id from buyers, generate_series(1, 100) as k
join known on true where known.n = 1 + (buyers.n * 7919 + k * 104729) % {organisations};
insert into endpoint (
    id, buyer_id, kind, address, description, latest_only, secret_generation, created_at,
    disabled_at, version
)
select gen_random_uuid(), id, 'webhook', 'https://buyer.example', '', false, 1, now(), now(), 0
from buyers;
create temporary table wishes as
select gen_random_uuid() as id, buyers.id as buyer_id,
    case when k between 1 and 39 then array[known.id] else '{{}}'::uuid[] end as organisations,
    case when k >= 40 then (array{countries})[1 + (buyers.n + k) % {n_countries}] end as country,
    case when k >= 40 then (array{groups})[1 + (buyers.n * 3 + k / 7) % {n_groups}] end as topic
from buyers, generate_series(0, 99) as k
join known on true where known.n = 1 + (buyers.n * 7919 + (k + 1) * 104729) % {organisations};
insert into subscription (
    id, buyer_id, name, organisation_ids, countries, issue_groups, severity_at_least,
    every_endpoint, created_at
)
select id, buyer_id, '', organisations, array_remove(array[country], null),
    array_remove(array[topic], null), 1, true, now()
from wishes;
insert into subscription_term (subscription_id, buyer_id, term)
select id, buyer_id, case
        when organisations <> '{{}}' then 'organisation ' || organisations[1]
        else coalesce(topic, '*') || ' in ' || coalesce(country, '*')
    end
from wishes;
"""
_DISPERSE = """
delete from subscription where buyer_id in (select id from buyer where name = 'bench crowd');
delete from endpoint where buyer_id in (select id from buyer where name = 'bench crowd');
delete from reach where buyer_id in (select id from buyer where name = 'bench crowd');
delete from buyer where name = 'bench crowd';
"""


def measure(bench: Bench) -> Found:
    """Fill, measure, empty again; in a database that nothing else uses meanwhile."""
    url = bench.world.stack.postgres.admin_url.rsplit("/", 1)[0]
    return asyncio.run(_measure(f"{url}/tocsin_{NOTIFICATIONS}"))


async def _measure(url: str) -> Found:
    found: Found = {}
    for name, size in SIZES.items():
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(_crowd(size))
            for table in GROWING:  # as autovacuum would, sooner or later
                await connection.execute(f"vacuum analyze {table}")
            organisations = [one[0] for one in await connection.fetch("select id from known")]
            plans = await _plan(connection, organisations)
            found[f"match_ms_{name}"] = median(one.seconds for one in plans) * 1000
            found[f"match_cpu_ms_{name}"] = median(one.cpu_seconds for one in plans) * 1000
            found[f"matched_{name}"] = sum(one.deliveries for one in plans) / ALERTS
        finally:
            await connection.execute(_DISPERSE)
            await connection.close()
    return found


@dataclass(frozen=True)
class Plan:
    """What planning one alert took, and how many deliveries it made."""

    seconds: float
    cpu_seconds: float
    """PostgreSQL's own, which a busy machine does not stretch."""
    deliveries: int


async def _plan(
    connection: "asyncpg.Connection[asyncpg.Record]", organisations: Sequence[UUID]
) -> list[Plan]:
    """Plan one alert after the other, and take each back."""
    plans: list[Plan] = []
    spending = Path(f"/proc/{await connection.fetchval('select pg_backend_pid()')}/schedstat")
    for number in range(-3, ALERTS):  # the first few only warm up
        said: Any = arguments([_announcement(number, organisations)])
        transaction = connection.transaction()
        await transaction.start()
        spent, began = _nanoseconds(spending), time.perf_counter()
        await connection.execute(planning.BEGIN, planning.GATHERING)
        rows = await connection.fetch(planning.PLAN, *said)
        took, cost = time.perf_counter() - began, _nanoseconds(spending) - spent
        await transaction.rollback()
        if number >= 0:
            plans.append(Plan(took, cost / 1e9, len(rows)))
    return plans


def _nanoseconds(spending: Path) -> int:
    return int(spending.read_text().split()[0])


def _announcement(number: int, organisations: Sequence[UUID]) -> Announcement:
    named = [organisations[(number * 131 + step) % len(organisations)] for step in (0, 17, 1999)]
    roles = ("operator", "supplier", "brand")
    alert = Alert(
        alert_id=uuid4(),
        version=1,
        state=AlertState.ACTIVE,
        level=Level.BUYERS_UNVERIFIED,
        slot=datetime(2026, 3, 3, 12, tzinfo=UTC),
        organisations=tuple(
            NamedOrganisation(organisation_id=one, name="Invented", roles=(role,))
            for one, role in zip(named, roles, strict=True)
        ),
        country=COUNTRIES[number % len(COUNTRIES)],
        issue_group=GROUPS[number % len(GROUPS)],
        severity=3,
        ask=Ask.PREPARE,
        supplier_position=SupplierPosition.NOT_ASKED,
        review_by=date(2026, 9, 1),
    )
    body = body_of(alert, "https://portal.example")
    return Announcement(alert, seen(alert), body, alert.model_dump_json(), None)


def _crowd(size: int) -> str:
    return _CROWD.format(
        organisations=ORGANISATIONS,
        buyers=size // 100,
        countries=list(COUNTRIES),
        n_countries=len(COUNTRIES),
        groups=list(GROUPS),
        n_groups=len(GROUPS),
    )


MEASUREMENT = Measurement(
    "matching",
    "One alert among 1,000, 10,000 and 100,000 subscriptions: found and planned.",
    ORDINARY,
    measure,
    {"match_ms_100k": Aim(50)},
)

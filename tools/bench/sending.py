"""Buyers' endpoints by the hundred, and deliveries to them: planned at once, seen to the end."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import HERE, Bench

from tocsin_cli.embedded.ports import free_port
from tocsin_contracts.streams import NOTIFICATIONS

ENDPOINTS = 100

_ENDPOINTS = """
insert into endpoint (
    id, buyer_id, kind, address, description, latest_only, secret_generation, created_at, version
)
select gen_random_uuid(), (select id from buyer limit 1), 'webhook',
    $1 || case when $3 and number = 0 then 'hang' else number::text end,
    'bench', false, 1, now(), 0
from generate_series(0, $2 - 1) as number
"""
_ALERTS = """
insert into alert_version (alert_id, version, type, level, slot, body)
select gen_random_uuid(), 1, 'alert.raised', 'buyers_confirmed', now(), convert_to(rpad(
    '{"type":"alert.raised","data":{"alert_id":"' || number || '","version":1}}', 220
), 'utf8')
from generate_series(1, $1) as number
"""
# In one transaction and due at once, as a release that many hear.
_PLAN = """
insert into delivery (
    id, buyer_id, endpoint_id, purpose, alert_id, alert_version, pressing, state, planned_at,
    due_at, leases, attempts, tries, version
)
select gen_random_uuid(), endpoint.buyer_id, endpoint.id, 'alert', alert_id, 1, false, 'waiting',
    now(), now(), 0, 0, 0, 0
from alert_version cross join endpoint where endpoint.description = 'bench'
"""
_LASTED = """
select count(*), extract(epoch from max(delivery.settled_at) - min(attempt.started_at))::float8
from delivery join attempt on attempt.delivery_id = delivery.id
join endpoint on endpoint.id = delivery.endpoint_id and endpoint.address not like '%hang'
where delivery.state = 'delivered'
"""
_CLEAR = "truncate delivery, attempt, alert_version; delete from endpoint where description='bench'"


@dataclass(frozen=True)
class Delivered:
    """What many deliveries took and cost."""

    per_s: float
    cpu_s_per_1000: dict[str, float]


@contextmanager
def receiving() -> Generator[int]:
    """Run the receiver until the block ends; yields its port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, str(HERE / "receiver.py"), str(port)])
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def deliver(bench: Bench, port: int, many: int, *, one_dead: bool = False) -> Delivered:
    """Plan `many` deliveries to 100 endpoints and wait until all the well ones have theirs."""
    ask = bench.questions.ask
    ask(NOTIFICATIONS, _ENDPOINTS, f"http://127.0.0.1:{port}/", ENDPOINTS, one_dead)
    ask(NOTIFICATIONS, _ALERTS, many // ENDPOINTS)
    expected = many // ENDPOINTS * (ENDPOINTS - one_dead)
    before = bench.cpu()
    ask(NOTIFICATIONS, _PLAN)
    count = bench.questions.count
    bench.until(lambda: count(NOTIFICATIONS, "delivery", "state = 'delivered'") == expected)
    bench.until(lambda: count(NOTIFICATIONS, "outbox") == 0)
    after = bench.cpu()
    lasted: float = ask(NOTIFICATIONS, _LASTED)[0][1]
    for statement in _CLEAR.split(";"):
        ask(NOTIFICATIONS, statement)
    spent = {name: (after[name] - before[name]) / expected * 1000 for name in before}
    return Delivered(expected / lasted, spent)


def floor(port: int, count: int, at_once: int) -> dict[str, float]:
    """The same posts by the bare client, in a process of its own."""
    numbers = map(str, (port, count, at_once))
    command = [sys.executable, str(HERE / "delivery_floor.py"), *numbers]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)

"""What the portal can tell again: its buyers, their keys, and whom they reach."""

import json
from datetime import UTC, datetime

from asyncpg import Record

from tocsin_common.retelling import Chapter
from tocsin_contracts.events.buyers import BuyerChanged, ContractReach, KeyChanged, ReachChanged

FEW = 10  # reaches at once: each may name 10,000 organisations

# Whoever changes a reach holds its buyer, so what is read with a held buyer belongs together.
_REACHED = """
b.reach_version, array(
    select r.organisation_id from reach r where r.buyer_id = b.buyer_id order by 1
) as organisation_ids, (
    select coalesce(json_object_agg(of_one.contract_id, of_one.organisation_ids), '{}') from (
        select c.contract_id, array_agg(cr.organisation_id order by 1) as organisation_ids
        from contract c join contract_reach cr using (contract_id)
        where c.buyer_id = b.buyer_id group by c.contract_id
    ) as of_one
)::text as contracts
"""


def _buyer(row: Record) -> BuyerChanged:
    return BuyerChanged(
        occurred_at=datetime.now(UTC),
        version=row["version"],
        buyer_id=row["id"],
        name=row["name"],
        country=row["country"],
        language=row["language"],
        time_zone=row["time_zone"],
        undertaking_signed=row["undertaking_signed"],
        active=row["active"],
    )


def _key(row: Record) -> KeyChanged:
    return KeyChanged(
        occurred_at=datetime.now(UTC),
        version=row["version"],
        key_id=row["id"],
        buyer_id=row["buyer_id"],
        key_hash=row["key_hash"],
        valid_until=row["valid_until"],
    )


def _reach(row: Record) -> ReachChanged:
    contracts: dict[str, list[str]] = json.loads(row["contracts"])
    return ReachChanged.model_validate(
        {
            "occurred_at": datetime.now(UTC),
            "version": row["reach_version"],
            "buyer_id": row["id"],
            "organisation_ids": row["organisation_ids"],
            "contracts": [
                ContractReach.model_validate({"contract_id": one, "organisation_ids": reached})
                for one, reached in sorted(contracts.items())
            ],
        }
    )


CHAPTERS = (
    Chapter(
        "buyers",
        "version, name, country, language, time_zone, undertaking_signed, active",
        "buyer",
        _buyer,
        id="buyer_id",
    ),
    Chapter("keys", "version, buyer_id, key_hash, valid_until", "buyer_key", _key, id="key_id"),
    Chapter(
        "reaches",
        _REACHED,
        "buyer b",
        _reach,
        id="b.buyer_id",
        only="b.reach_version > 0",
        lock="share of b",
        at_once=FEW,
    ),
)

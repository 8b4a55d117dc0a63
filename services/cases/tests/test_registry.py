"""The registry grows by imports, and tells what they changed and nothing else."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import UUID

from builders import a_facility, a_supplier_list
from stage import FEBRUARY, Stage, lots

from tocsin_cases.registry.schemas import Tally
from tocsin_cases.registry.service import import_supplier_list
from tocsin_cases.registry.supplier_list import Known, Listed, Register
from tocsin_common.database import driver

HERON = Known("Silver Heron", "VN", "LEI-1", None, id=UUID(int=1), version=4)
MARCH = datetime(2026, 3, 9, 15, 4, 5, 6, tzinfo=UTC)


def a_register(*stored: Known) -> Register:
    return Register(stored, lots(1))


def test_a_public_id_is_known_again_whatever_the_name() -> None:
    register = a_register(HERON)

    assert register.read(Listed("Heron Holdings", "VN", "LEI-1")) == HERON.id
    [changed] = register.to_tell()
    assert (changed.name, changed.version) == ("Heron Holdings", 5)


def test_another_spelling_is_known_again_and_is_no_news() -> None:
    register = a_register(HERON)

    assert register.read(Listed("SILVER HERON.", "VN", "LEI-1")) == HERON.id
    assert register.read(Listed("silver-heron", "VN")) == HERON.id
    assert register.to_store() == []


def test_a_new_address_is_kept_and_is_no_news() -> None:
    register = a_register(HERON)

    register.read(Listed("Silver Heron", "VN", "LEI-1", "2 Lotus Road"))

    [stored] = register.to_store()
    assert (stored.address, stored.version) == ("2 Lotus Road", 4)
    assert register.to_tell() == []


def test_who_was_known_by_name_only_adopts_a_public_id() -> None:
    register = a_register(Known("Silver Heron", "VN", None, None, id=UUID(int=1), version=1))

    assert register.read(Listed("Silver Heron", "VN", "LEI-1")) == UUID(int=1)
    [changed] = register.to_tell()
    assert (changed.public_id, changed.version) == ("LEI-1", 2)


def test_a_name_in_another_country_is_another() -> None:
    register = a_register(HERON)

    assert register.read(Listed("Silver Heron", "TH")) != HERON.id
    assert register.read(Listed("Silver Heron", None)) != HERON.id
    assert len(register.to_tell()) == 2


def test_a_bare_name_that_two_bear_is_a_third_and_stays_so() -> None:
    rows = [
        Listed("Heron", "VN", "LEI-1"), Listed("Heron", "VN", "LEI-2"), Listed("Heron", "VN"),
    ]  # fmt: skip
    first = a_register()
    ids = [first.read(row) for row in rows]

    again = a_register(*first.to_store())

    assert len(set(ids)) == 3
    assert [again.read(row) for row in rows] == ids
    assert again.to_store() == []


async def test_an_import_tells_what_is_new_dated_by_the_day(stage: Stage) -> None:
    imported = await stage.import_suppliers([a_facility(1), a_facility(2)], at=MARCH)

    assert imported.facilities == Tally(new=2)
    assert imported.organisations == Tally(new=2)
    assert imported.links == Tally(new=4)
    green = await stage.green()
    assert len(green) == 8
    assert {stream for stream, _, _, _ in green} == {"REGISTRY"}
    for _, _, headers, payload in green:
        assert b'"occurred_at":"2026-03-09T00:00:00Z"' in payload
        assert json.loads(headers)["ce-time"] == "2026-03-09T00:00:00+00:00"
        assert "traceparent" not in headers


async def test_the_same_import_again_changes_and_tells_nothing(stage: Stage) -> None:
    rows = [a_facility(1), a_facility(2), a_facility(3, os_id=None), a_facility(4, address=None)]
    await stage.import_suppliers(rows)
    before, revisions = await stage.green(), await stage.rows("select id, revision from facility")

    again = await stage.import_suppliers(list(reversed(rows)), at=MARCH)

    assert again.organisations == again.facilities == again.links == Tally()
    assert await stage.green() == before
    assert sorted(await stage.rows("select id, revision from facility")) == sorted(revisions)


async def test_only_what_changed_is_told_at_its_next_version(stage: Stage) -> None:
    await stage.import_suppliers([a_facility(1), a_facility(2)])
    before = len(await stage.green())
    [(revision,)] = await stage.rows("select distinct revision from facility")
    renamed = a_facility(1, name="Grey Heron Assembly")
    linked = a_facility(2)
    linked["organisations"] = [
        *linked["organisations"], {"name": "Cirrus Phones", "role": "brand"}
    ]  # fmt: skip

    imported = await stage.import_suppliers([renamed, linked], at=MARCH)

    assert imported.facilities == Tally(changed=1)
    assert imported.organisations == Tally(new=1)
    assert imported.links == Tally(new=1)
    assert len(await stage.green()) == before + 3
    [*_, facility] = await stage.told("tocsin.registry.facility_changed.v1")
    assert (facility["name"], facility["version"]) == ("Grey Heron Assembly", 2)
    assert await stage.rows("select distinct revision from facility") == [(revision + 1,)]


async def test_a_list_of_ten_thousand_rows_is_taken_in_a_few_statements(stage: Stage) -> None:
    rows = [
        a_facility(
            number,
            organisations=[
                {"name": f"Operator {number % 900}", "role": "operator", "country": "VN"},
                {"name": f"Brand {number % 40}", "role": "brand"},
            ],
        )
        for number in range(10_000)
    ]
    listed = a_supplier_list(rows)
    statements = 0

    def count(_: object) -> None:
        nonlocal statements
        statements += 1

    async with stage.database.begin() as tx:
        (await driver(tx)).add_query_logger(count)
        imported = await import_supplier_list(tx, listed, stage.terms.chance, FEBRUARY)

    assert imported.facilities == Tally(new=10_000)
    assert imported.organisations == Tally(new=940)
    assert await stage.count("outbox") == 10_000 + 940 + 20_000
    assert statements < 50


async def test_facilities_without_any_public_id_are_told_apart_by_name_and_country(
    stage: Stage,
) -> None:
    await stage.import_suppliers(
        [a_facility(1, os_id=None), a_facility(1, os_id=None, country="TH")]
    )

    found = await stage.rows("select country, os_id from facility order by country")
    assert found == [("TH", None), ("VN", None)]


async def test_two_imports_at_once_are_one_after_the_other(stage: Stage) -> None:
    await asyncio.gather(*(stage.import_suppliers([a_facility(1, os_id=None)]) for _ in range(4)))

    assert await stage.count("facility") == 1
    assert await stage.count("outbox") == 5

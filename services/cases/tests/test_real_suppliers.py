"""A real supplier list, as dirty as they come, read where `TOCSIN_REAL_DATA` points."""

import csv
from pathlib import Path
from typing import Any

from stage import Stage

from tocsin_cases.registry import names
from tocsin_cases.registry.schemas import Tally

COUNTRIES = {
    "China": "CN", "Japan": "JP", "USA": "US", "Taiwan": "TW", "Korea": "KR", "Malaysia": "MY",
    "Philippines": "PH", "Thailand": "TH", "Vietnam": "VN", "Singapore": "SG", "Germany": "DE",
    "India": "IN", "Mexico": "MX", "Indonesia": "ID", "United Kingdom": "GB", "France": "FR",
    "Israel": "IL", "Brazil": "BR", "Netherlands": "NL", "Austria": "AT", "Czech": "CZ",
    "Belgium": "BE", "Italy": "IT", "Ireland": "IE", "Costa Rica": "CR", "Malta": "MT",
    "Cambodia": "KH", "Morocco": "MA", "Norway": "NO", "Portugal": "PT", "Australia": "AU",
    "Hungary": "HU", "Hong Kong": "HK", "Finland": "FI", "Canada": "CA", "Poland": "PL",
    "Mauritius": "MU", "Puerto Rico": "PR", "Spain": "ES",
}  # fmt: skip


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """The list's rows as an operator's script would send them."""
    [path] = (folder / "suppliers").glob("*.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            {
                "name": f"{row['supplier_name']} {row['supplier_address']}"[:300],
                "country": COUNTRIES[row["country"]],
                "address": row["supplier_address"][:300] or None,
                "organisations": [{"name": row["supplier_name"], "role": "supplier"}],
            }
            for row in csv.DictReader(file)
        ]


async def test_a_real_list_is_imported_and_imported_again_without_a_trace(
    stage: Stage, real_data: Path
) -> None:
    rows = rows_of(real_data)

    imported = await stage.import_suppliers(rows)
    told = await stage.count("outbox")
    again = await stage.import_suppliers(rows)

    assert len(rows) > 7_000
    assert imported.facilities.changed == imported.organisations.changed == 0
    assert told == imported.facilities.new + imported.organisations.new + imported.links.new
    assert again.facilities == again.organisations == again.links == Tally()
    assert await stage.count("outbox") == told


async def test_spellings_of_a_real_name_are_one_organisation(stage: Stage, real_data: Path) -> None:
    rows = rows_of(real_data)
    written = {row["organisations"][0]["name"] for row in rows}

    imported = await stage.import_suppliers(rows)

    assert imported.organisations.new == len({names.plain(name) for name in written})
    assert imported.organisations.new < len(written) - 20
    assert not [row for row in await stage.rows("select name from organisation") if "\n" in row[0]]

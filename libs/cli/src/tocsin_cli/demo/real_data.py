"""Real input, where `TOCSIN_REAL_DATA` names a folder of it: read there, and never a complaint's.

Companies in it are only imported. No invented complaint names one of them.
"""

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tocsin_cli.demo.material import Json
from tocsin_cli.errors import Unusable

VARIABLE = "TOCSIN_REAL_DATA"
SUPPLIERS = Path("suppliers/apple-supplier-list-2012-2022.csv")
UPDATES = Path("webhooks/whatsapp_cloud")

COUNTRIES = {  # as the list names them
    "Australia": "AU", "Austria": "AT", "Belgium": "BE", "Brazil": "BR", "Cambodia": "KH",
    "Canada": "CA", "China": "CN", "Costa Rica": "CR", "Czech": "CZ", "Finland": "FI",
    "France": "FR", "Germany": "DE", "Hong Kong": "HK", "Hungary": "HU", "India": "IN",
    "Indonesia": "ID", "Ireland": "IE", "Israel": "IL", "Italy": "IT", "Japan": "JP",
    "Korea": "KR", "Malaysia": "MY", "Malta": "MT", "Mauritius": "MU", "Mexico": "MX",
    "Morocco": "MA", "Netherlands": "NL", "Norway": "NO", "Philippines": "PH", "Poland": "PL",
    "Portugal": "PT", "Puerto Rico": "PR", "Singapore": "SG", "Spain": "ES", "Taiwan": "TW",
    "Thailand": "TH", "USA": "US", "United Kingdom": "GB", "Vietnam": "VN",
}  # fmt: skip


@dataclass(frozen=True)
class RealData:
    """What the folder holds that Tocsin can take in today."""

    folder: Path
    suppliers: Sequence[Json]
    """Rows for the registry's import."""
    updates: Sequence[Json]
    """WhatsApp Cloud updates, as they were given."""


def load() -> RealData | None:
    """Read the folder that the environment names, if it names one.

    Raises:
        Unusable: it is not such a folder.
    """
    if not (named := os.environ.get(VARIABLE)):
        return None
    folder = Path(named)
    try:
        with (folder / SUPPLIERS).open(encoding="utf-8-sig", newline="") as file:
            suppliers = [_facility_of(row) for row in csv.DictReader(file)]
        updates = [
            update
            for path in sorted((folder / UPDATES).glob("*.json"))
            for update in json.loads(path.read_text()).values()
        ]
    except (OSError, ValueError, KeyError) as error:
        raise Unusable(
            f"{VARIABLE} is set, but {folder} does not hold what it should: {error}",
            f"Name a folder with {SUPPLIERS} and {UPDATES}, or unset {VARIABLE}.",
        ) from None
    return RealData(folder, suppliers, updates)


def _facility_of(row: dict[str, str]) -> Json:
    """Read a row of a brand's published list: the supplier runs the facility it names."""
    name = " ".join(row["supplier_name"].split())
    return {
        "name": name,
        "country": COUNTRIES[row["country"]],
        "address": " ".join(row["supplier_address"].split()) or None,
        "organisations": [{"name": name, "role": "operator"}],
    }

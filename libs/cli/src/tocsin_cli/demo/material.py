"""What the demo is played with: invented files in the formats of the systems they come from."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from tocsin_cli import demo

Json = dict[str, Any]

HOTLINES = ("delta_line", "border_line")
WHATSAPP = "whatsapp_cloud"
SILENT = ("reaction", "system", "unsupported")
"""Messages that intake makes no complaint of: it drops them, or sets them aside for a person."""


@dataclass(frozen=True)
class Material:
    """Everything the demo sends, as it will be sent."""

    suppliers: Sequence[Json]
    """Rows for the registry's import."""
    buyers: Sequence[Json]
    """Who is to be told, where, and what they subscribe to."""
    complaints: Mapping[str, Sequence[Json]]
    """For each hotline, complaints as it posts them."""
    updates: Sequence[Json]
    """What WhatsApp posts: messages, batches, repeats, and the fate of our own messages."""


def load() -> Material:
    """Read what the package ships."""
    return Material(
        suppliers=[facility_of(row) for row in csv.DictReader(_read("suppliers.csv").splitlines())],
        buyers=json.loads(_read("buyers.json")),
        complaints={name: _lines(f"{name}.jsonl") for name in HOTLINES},
        updates=_lines(f"{WHATSAPP}.jsonl"),
    )


def facility_of(row: Mapping[str, str]) -> Json:
    """Read a row as Open Supply Hub writes it.

    Whoever runs the facility is its operator; whoever published it in a list is a brand.
    """
    lists = row["contributor (list)"].split("|")
    brands = [contributor.partition(" (")[0] for contributor in lists]
    return {
        "name": row["name"],
        "country": row["country_code"],
        "os_id": row["os_id"] or None,
        "address": row["address"],
        "organisations": [
            {"name": row["parent_company"], "role": "operator"},
            *({"name": brand, "role": "brand"} for brand in brands),
        ],
    }


def messages_of(updates: Iterable[Json]) -> list[Json]:
    """Every message in some of WhatsApp's updates that says something, in order."""
    return [
        message
        for update in updates
        for entry in update["entry"]
        for change in entry["changes"]
        for message in change["value"].get("messages", [])
        if message["type"] not in SILENT and _is_whole(message)
    ]


def _is_whole(message: Json) -> bool:
    """Whether Meta itself could read it."""
    return message["type"] in message


def _lines(name: str) -> list[Json]:
    return [json.loads(line) for line in _read(name).splitlines()]


def _read(name: str) -> str:
    return (resources.files(demo) / "data" / name).read_text(encoding="utf-8")

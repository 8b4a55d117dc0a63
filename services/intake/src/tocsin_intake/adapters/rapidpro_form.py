"""The form that RapidPro's older flows post, read into the shape of the newer ones."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from tocsin_intake.adapters.payloads import list_at, object_at, text_at
from tocsin_intake.adapters.reading import Malformed, clean_text, read_json

MOST_FIELDS = 300
NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


def read(body: bytes) -> Mapping[str, Any]:
    """Read a form; a field that is there several times keeps its last value.

    Raises:
        Malformed: it is none.
    """
    try:
        found = parse_qs(body.decode(), max_num_fields=MOST_FIELDS, errors="replace")
    except ValueError:
        raise Malformed from None
    form = {name: clean_text(values[-1]) for name, values in found.items()}
    phone = form.get("phone")
    return {
        "contact": {
            "uuid": form.get("contact"),
            "urn": form.get("urn") or (f"tel:{phone}" if phone else None),
        },
        "run": {"uuid": form.get("run")},
        "path": [{"node_uuid": form["step"]}] if form.get("step") else [],
        "results": dict(_results(form.get("values", "[]"))),
        "input": {
            "text": form.get("text"),
            "attachments": [{"url": clean_text(one)} for one in found.get("attachments", [])],
        },
    }


def _results(values: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each answer under the name that newer flows would give it."""
    for one in list_at({"values": read_json(values.encode())}, "values"):
        answer = object_at(one)
        category = text_at(answer, "category")
        names = [name for name in object_at(answer, "category").values() if isinstance(name, str)]
        name = NOT_IN_A_NAME.sub("_", (text_at(answer, "label") or "").lower()).strip("_")
        if name:
            yield (
                name,
                {
                    "value": text_at(answer, "value") or text_at(answer, "rule_value"),
                    "input": text_at(answer, "text"),
                    "category": category or (names[0] if names else None),
                },
            )

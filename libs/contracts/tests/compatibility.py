"""What may change in a fact within a major version: an optional field may be added, no more.

A hearer of the last release must read what a new teller says, and a new hearer what lies in the
stream since the last release. `python libs/contracts/tests/compatibility.py` writes the
snapshots again, unless that would break a promise.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from pydantic import BaseModel

from tocsin_contracts.alerts import Alert
from tocsin_contracts.events.complaints import Reported
from tocsin_contracts.streams import HEARERS, VAULT_QUESTION
from tocsin_contracts.vault import Answered, Asked, Opened, OpenedPart, Question

SNAPSHOTS = Path(__file__).parent / "schemas"

TRAVELS: dict[str, type[BaseModel]] = {
    **{event.subject: event for event in HEARERS},
    "signed.alert.v1": Alert,  # inside an alert's `statement`
    "sealed.reported.v1": Reported,  # inside a complaint's `sealed`
    VAULT_QUESTION: Asked,
    "signed.question.v1": Question,  # inside its `statement`
    "answered.question.v1": Answered,
    "sealed.opened.v1": Opened,  # inside its `sealed`
    "sealed.opened_part.v1": OpenedPart,  # the same, for a file
}
"""Everything one service writes and another reads, by the name of its snapshot."""

Schema = Mapping[str, Any]

ANNOTATIONS = {"title", "description", "examples", "$defs"}


def breaks(old: Schema, new: Schema) -> list[str]:
    """Say what a hearer or a teller of the old schema would stumble over."""
    return list(_breaks(_plain(old, old), _plain(new, new), ""))


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of something that travels, as a hearer reads it."""
    return model.model_json_schema()


def written(schema: Schema) -> str:
    """A snapshot as it lies in its file."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _plain(node: Any, root: Schema) -> Any:
    """Put definitions where they are referred to, and leave out what only explains."""
    if _is_list(node):
        return [_plain(one, root) for one in node]
    if not _is_schema(node):
        return node
    schema = {**node}
    if reference := schema.pop("$ref", None):
        schema = {**root["$defs"][reference.rpartition("/")[2]], **schema}
    fields: Schema = schema.pop("properties", {})
    plain = {key: _plain(one, root) for key, one in schema.items() if key not in ANNOTATIONS}
    if fields:
        plain["properties"] = {name: _plain(field, root) for name, field in fields.items()}
    return plain


def _breaks(old: Any, new: Any, at: str) -> Iterator[str]:
    if _is_schema(old) and _is_schema(new):
        yield from _between_schemas({**old}, {**new}, at)
    elif _is_list(old) and _is_list(new) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _breaks(one, other, f"{at}[{place}]")
    elif old != new:
        yield f"{at}: was {old}, is {new}"


def _is_list(node: Any) -> TypeGuard[list[Any]]:
    return isinstance(node, list)


def _is_schema(node: Any) -> TypeGuard[Schema]:
    return isinstance(node, Mapping)


def _between_schemas(old: dict[str, Any], new: dict[str, Any], at: str) -> Iterator[str]:
    before, after = old.pop("properties", {}), new.pop("properties", {})
    needed, needs = set(old.pop("required", ())), set(new.pop("required", ()))
    for name in sorted(before.keys() | after.keys()):
        where = f"{at}/{name}"
        if name not in after:
            yield f"{where}: removed"
        elif name in needs - needed:
            yield f"{where}: newly required"
        elif name in needed - needs:
            yield f"{where}: no longer required"
        if name in before and name in after:
            yield from _breaks(before[name], after[name], where)
    values, allowed = set(old.pop("enum", ())), set(new.pop("enum", ()))
    if gone := values - allowed:
        yield f"{at}: narrowed by {sorted(gone)}"
    if added := allowed - values:
        yield f"{at}: widened by {sorted(added)}, which an old hearer cannot read"
    for key in sorted(old.keys() | new.keys()):
        yield from _breaks(old.get(key), new.get(key), f"{at}:{key}")


def main() -> int:
    """Write every snapshot that may be written; name the others."""
    SNAPSHOTS.mkdir(exist_ok=True)
    broken = False
    for name, model in TRAVELS.items():
        file, schema = SNAPSHOTS / f"{name}.json", schema_of(model)
        found = breaks(json.loads(file.read_text()), schema) if file.exists() else []
        for one in found:
            sys.stderr.write(f"{name}{one}\n")
        if found:
            broken = True
        else:
            file.write_text(written(schema))
    if broken:
        sys.stderr.write("A change like this needs a new major version: a subject with `.v2`.\n")
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())

"""Complaints told as flat fields, as forms, flows and tables do.

| flat field | in the complaint |
| --- | --- |
| `facility_name`, `facility_address`, `facility_country`, `facility_os_id` | `facility.…` |
| `share`, `contact_me`, `contact_supplier` | `consent.…` |
| `genuine`, `attestation_reference`, `members` | `attestation.…` |
| `source`, `source_kind` | `source.handle`, `source.kind` (`phone` where nothing else is said) |
| all others | the field of the same name |

What a hotline attests is the hotline's to say (protection D2). Whoever answers a form may send more
fields than it asks for, so an adapter takes an attestation only from where the operator said that
it stands; elsewhere it is one more thing that was said.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, cast

from pydantic import ValidationError

from tocsin_intake.schemas import ComplaintSubmission

INSIDE: dict[str, tuple[str, str]] = {
    "facility_name": ("facility", "name"),
    "facility_address": ("facility", "address"),
    "facility_country": ("facility", "country"),
    "facility_os_id": ("facility", "os_id"),
    "share": ("consent", "share"),
    "contact_me": ("consent", "contact_me"),
    "contact_supplier": ("consent", "contact_supplier"),
    "genuine": ("attestation", "genuine"),
    "attestation_reference": ("attestation", "reference"),
    "members": ("attestation", "members"),
    "source": ("source", "handle"),
    "source_kind": ("source", "kind"),
}
ATTESTED = frozenset(name for name, (outer, _) in INSIDE.items() if outer == "attestation")
PLAIN = frozenset(ComplaintSubmission.model_fields) - {
    *("facility", "consent", "attestation", "source", "media")
}
FIELDS = PLAIN | INSIDE.keys()
YES = frozenset({"yes", "y", "true", "1", "x", "given", "si", "sí", "oui", "ja", "ya", "有", "是"})
NO = frozenset({"no", "n", "false", "0", "refused", "non", "nein", "tidak", "không", "否", "没有"})
SEPARATORS = re.compile(r"[;,|\s]+")
YES_OR_NO = frozenset({"immediate_danger", "contact_me", "genuine"})
PEOPLE = frozenset({"workers_affected", "members"})


def submission_of(flat: Mapping[str, Any], **more: Any) -> ComplaintSubmission:
    """Make a complaint of flat fields; empty ones are as if they were not there.

    Raises:
        ValidationError: a field is wrong; `field_of` says which.
    """
    whole: dict[str, Any] = {}
    for name, value in flat.items():
        if (read := _read(name, value)) is None:
            continue
        if name in INSIDE:
            outer, inner = INSIDE[name]
            whole.setdefault(outer, {})[inner] = read
        else:
            whole[name] = read
    if "handle" in whole.get("source", {}):
        whole["source"].setdefault("kind", "phone")
    else:
        whole.pop("source", None)
    return ComplaintSubmission.model_validate(whole | more)


def tolerant(
    flat: Mapping[str, Any], *, mapped: Collection[str] = (), **more: Any
) -> ComplaintSubmission | None:
    """The same, where nobody can be asked: what does not fit its field is added to the words.

    So is an attestation that does not stand where the operator said.

    Args:
        flat: what was answered.
        mapped: the fields that the operator said where to find.
        more: fields of the complaint that are no answers.

    Return `None` if nothing is left to say.
    """
    known = {name: value for name, value in flat.items() if name in FIELDS}
    claimed = (ATTESTED & known.keys()) - frozenset(mapped)
    said = [f"{name}: {_text(known.pop(name))}" for name in sorted(claimed)]
    while True:
        try:
            words = "\n".join(filter(None, (_text(known.get("words")), *said)))
            return submission_of({**known, "words": words}, **more)
        except ValidationError as error:
            wrong = {field_of(one["loc"]) for one in error.errors(include_input=False)}
            if not (wrong := wrong & known.keys() - {"words"}):
                return None
            said += [f"{name}: {_text(known.pop(name))}" for name in sorted(wrong)]
            if "contact_me" in wrong:
                known["contact_me"] = False  # it was asked, and this is no yes


def field_of(place: tuple[int | str, ...]) -> str:
    """The flat field that stands for a place in a complaint."""
    outer, *inner = place or ("",)
    for name, path in INSIDE.items():
        if (outer, *inner[:1]) == path:
            return name
    if outer == "source":
        return "source"
    return str(outer) or "words"


def _read(name: str, value: Any) -> Any:
    """Read what a form or a table says, as far as that is certain."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, bool) and name == "share":
        return "given" if value else "refused"
    if isinstance(value, bool | date):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list | tuple):
        listed = cast("list[Any]", value)
        return tuple(map(_text, listed)) if name == "issues" else _text(listed)
    if not (text := _text(value)):
        return None
    if name == "issues":
        return tuple(filter(None, SEPARATORS.split(text)))
    if name in YES_OR_NO and text.lower() in YES | NO:
        return text.lower() in YES
    if name == "share" and text.lower() in YES | NO:
        return "given" if text.lower() in YES else "refused"
    if name in PEOPLE and text.isdecimal() and len(text) < 10:
        return int(text) or None
    if name == "facility_country":
        return text.upper()
    return text


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, cast("list[Any]", value)))
    return str(value).strip()

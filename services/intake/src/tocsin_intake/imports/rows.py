"""Which column fills which field, and what is wrong with a row: never what stands in it."""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ValidationError

from tocsin_common.problems import Invalid
from tocsin_intake.imports.tables import Row
from tocsin_intake.mapping.fields import FIELDS, field_of, submission_of
from tocsin_intake.schemas import ComplaintSubmission

ALIASES: dict[str, str] = {
    "complaint": "words", "description": "words", "details": "words", "message": "words",
    "statement": "words", "text": "words", "what_happened": "words",
    "company": "facility_name", "facility": "facility_name", "factory": "facility_name",
    "factory_name": "facility_name", "plant": "facility_name", "site": "facility_name",
    "workplace": "facility_name", "address": "facility_address", "factory_address":
    "facility_address", "country": "facility_country", "country_code": "facility_country",
    "os_id": "facility_os_id", "facility_id": "facility_os_id",
    "category": "issues", "issue": "issues", "issue_code": "issues", "issue_codes": "issues",
    "date": "happened_on", "incident_date": "happened_on", "date_of_incident": "happened_on",
    "date_from": "happened_on", "date_to": "happened_until",
    "affected": "workers_affected", "number_of_workers": "workers_affected",
    "workers": "workers_affected", "danger": "immediate_danger", "urgent": "immediate_danger",
    "id": "external_ref", "case_id": "external_ref", "ref": "external_ref", "number":
    "external_ref", "reference": "external_ref",
    "phone": "source", "phone_number": "source", "caller": "source", "handle": "source",
    "consent": "share", "share_with_buyers": "share", "consent_to_share": "share",
    "contact_consent": "contact_me", "may_contact": "contact_me",
    "supplier_contact": "contact_supplier", "lang": "language", "verified": "genuine",
}  # fmt: skip
"""What columns are called elsewhere; the fields' own names need no entry."""


class NoWordsColumn(Invalid):
    """Without words there is no complaint; perhaps the first row is no header."""

    code = "no_words_column"
    detail = "The first row names the columns; one of them must be `words`, `complaint` or `text`."


class ColumnTwice(Invalid):
    """It would not be clear which of them is meant."""

    code = "column_twice"
    detail = "Two columns of the header name the same field."


class Refusal(BaseModel):
    """Why a row was not taken: where and by which rule."""

    row: int
    """As a spreadsheet counts: the header is 1."""
    field: str
    reason: str


@dataclass(frozen=True)
class Read:
    """A row as it was understood: a complaint, or what is wrong with it."""

    number: int
    said: ComplaintSubmission | list[Refusal]


@dataclass(frozen=True)
class Columns:
    """Which field each column fills; `None`: a column that is not read."""

    fields: Sequence[str | None]

    @property
    def ignored(self) -> list[int]:
        """The numbers of the columns that are not read; their names may say too much."""
        return [number for number, field in enumerate(self.fields, 1) if field is None]


def columns_of(header: Row) -> Columns:
    """Read the header.

    Raises:
        NoWordsColumn: none of them holds words.
        ColumnTwice: two hold the same.
    """
    fields = [_field(name) for name in header]
    known = Counter(field for field in fields if field)
    if "words" not in known:
        raise NoWordsColumn
    if any(times > 1 for times in known.values()):
        raise ColumnTwice
    return Columns(fields)


def read(columns: Columns, rows: Sequence[Row]) -> Iterator[Read]:
    """Each row with its number, as a complaint or as what is wrong with it; empty ones not.

    A row without a reference of its own is known again by its contents and by how many of the
    same stood before it, so a file that is sent again brings nothing twice.
    """
    seen: Counter[str] = Counter()
    for number, row in enumerate(rows, 2):
        flat = {
            field: value
            for field, value in zip(columns.fields, map(_plain, row), strict=False)
            if field and value not in ("", None)
        }
        if not flat:
            continue
        digest = sha256(json.dumps(flat, sort_keys=True, default=str).encode()).hexdigest()
        seen[digest] += 1
        own = {"external_ref": f"row:{digest}:{seen[digest]}"}
        said = _complaint(number, own | flat)
        yield Read(number, said)


def _complaint(number: int, flat: dict[str, Any]) -> ComplaintSubmission | list[Refusal]:
    try:
        return submission_of(flat)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        wrong = {(field_of(one["loc"]), one["type"]) for one in found}
        return [Refusal(row=number, field=field, reason=why) for field, why in sorted(wrong)]


def _field(name: Any) -> str | None:
    plain = unicodedata.normalize("NFKC", str(name)).strip().lower()
    plain = "_".join("".join(c if c.isalnum() else " " for c in plain).split())
    field = ALIASES.get(plain, plain)
    return field if field in FIELDS else None


def _plain(value: Any) -> Any:
    """A cell's value as text, number, truth or date; a number that is whole without its point."""
    if isinstance(value, str):
        return value.replace("\0", "").strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if value is None or isinstance(value, bool | date | datetime):
        return value
    return str(value)

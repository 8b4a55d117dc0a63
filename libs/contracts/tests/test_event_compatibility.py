"""What travels stays readable: by those who are older, and after those who are newer."""

import json
from enum import StrEnum
from typing import Literal

import pytest
from compatibility import SNAPSHOTS, TRAVELS, breaks, schema_of, written
from pydantic import BaseModel, Field, create_model


@pytest.mark.parametrize("name", TRAVELS)
def test_what_travels_only_gains_optional_fields(name: str) -> None:
    snapshot = json.loads((SNAPSHOTS / f"{name}.json").read_text())

    assert breaks(snapshot, schema_of(TRAVELS[name])) == [], (
        "a hearer or a teller of the last release would stumble: make it a new major version"
    )


@pytest.mark.parametrize("name", TRAVELS)
def test_the_snapshot_says_what_travels_today(name: str) -> None:
    assert (SNAPSHOTS / f"{name}.json").read_text() == written(schema_of(TRAVELS[name])), (
        "run `python libs/contracts/tests/compatibility.py` and commit what it writes"
    )


def test_nothing_that_travelled_is_forgotten() -> None:
    assert sorted(file.stem for file in SNAPSHOTS.iterdir()) == sorted(TRAVELS)


class Colour(StrEnum):
    RED = "red"
    AMBER = "amber"


class Fewer(StrEnum):
    RED = "red"


class More(StrEnum):
    RED = "red"
    AMBER = "amber"
    GREEN = "green"


class Place(BaseModel):
    name: str


class NamedPlace(BaseModel):
    name: str
    town: str | None = None


class CountedPlace(BaseModel):
    name: int


class Fact(BaseModel):
    number: int = Field(ge=1)
    colour: Colour
    codes: tuple[str, ...] = ()
    place: Place | None = None
    note: str | None = Field(default=None, max_length=10)


def changed(**fields: object) -> type[BaseModel]:
    """`Fact` with some fields otherwise, or without those that are `None`."""
    kept = {
        name: (field.annotation, field)
        for name, field in Fact.model_fields.items()
        if name not in fields
    }
    added = {name: field for name, field in fields.items() if field is not None}
    return create_model("Fact", **kept, **added)  # pyright: ignore[reportUnknownVariableType, reportCallIssue, reportArgumentType]


def breaking(model: type[BaseModel]) -> list[str]:
    return breaks(schema_of(Fact), schema_of(model))


def test_nothing_changed_breaks_nothing() -> None:
    assert breaking(changed()) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"extra": (str | None, None)},
        {"extra": (int, 7)},
        {"extra": (Place | None, None)},
        {"place": (NamedPlace | None, None)},
        {"number": (int, Field(ge=1, title="A number", description="Explained", examples=[3]))},
    ],
    ids=["optional", "with a default", "an object", "inside an object", "explained"],
)
def test_an_optional_field_or_an_explanation_breaks_nothing(fields: dict[str, object]) -> None:
    assert breaking(changed(**fields)) == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"note": None}, "/note: removed"),
        ({"number": (str, ...)}, "/number"),
        ({"codes": (tuple[int, ...], ())}, "/codes:items:type: was string, is integer"),
        ({"place": (CountedPlace | None, None)}, "/place:anyOf[0]/name:type"),
        ({"place": (str | None, None)}, "/place:anyOf[0]/name: removed"),
        ({"note": (str, Field(default="", max_length=10))}, "/note"),
        ({"codes": (tuple[str, ...], ...)}, "/codes: newly required"),
        ({"extra": (str, ...)}, "/extra: newly required"),
        ({"number": (int, Field(default=1, ge=1))}, "/number: no longer required"),
        ({"colour": (Fewer, ...)}, "/colour: narrowed by ['amber']"),
        ({"colour": (More, ...)}, "/colour: widened by ['green']"),
        ({"colour": (Literal["red", "amber", "blue"], ...)}, "/colour: widened by ['blue']"),
        ({"number": (int, Field(ge=5))}, "/number:minimum: was 1, is 5"),
        ({"number": (int, ...)}, "/number:minimum: was 1, is None"),
        ({"note": (str | None, Field(default=None, max_length=5))}, "/note:anyOf[0]:maxLength"),
        ({"note": (str | None, Field(default="?", max_length=10))}, "/note:default"),
    ],
    ids=[
        "removed",
        "retyped",
        "retyped in a list",
        "retyped in an object",
        "an object made a string",
        "null refused",
        "newly required",
        "added as required",
        "no longer required",
        "enum narrowed",
        "enum widened",
        "enum made a literal",
        "limit tightened",
        "limit lifted",
        "length tightened",
        "default changed",
    ],
)
def test_every_other_change_is_refused(fields: dict[str, object], told: str) -> None:
    found = breaking(changed(**fields))

    assert any(one.startswith(told) for one in found), found

"""An alert that says too much cannot be made."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from tocsin_cases.disclosure import statement
from tocsin_cases.disclosure.statement import UnverifiedStatement
from tocsin_contracts import taxonomy
from tocsin_contracts.alerts import (
    AlertState,
    Ask,
    Level,
    NamedFacility,
    NamedOrganisation,
    SupplierPosition,
)

SLOT, NEXT_SLOT = datetime(2026, 3, 3, 12, tzinfo=UTC), datetime(2026, 3, 5, 12, tzinfo=UTC)
WAGES = taxonomy.shipped().group_of("wages.unpaid")
HERON = NamedOrganisation(organisation_id=UUID(int=1), name="Silver Heron", roles=("operator",))
SWAN = NamedOrganisation(organisation_id=UUID(int=2), name="Golden Swan", roles=("brand",))


def first() -> UnverifiedStatement:
    return statement.raised(
        UUID(int=9), slot=SLOT, group=WAGES, country="VN", organisations=[HERON]
    )


def test_an_unverified_alert_says_who_where_and_about_what_and_no_more() -> None:
    said = first()

    assert said.level is Level.BUYERS_UNVERIFIED
    assert (said.version, said.state, said.slot) == (1, AlertState.ACTIVE, SLOT)
    assert (said.facility, said.issues) == (None, ())
    assert (said.issue_group, said.severity) == ("wages", WAGES.default_severity)
    assert (said.ask, said.supplier_position) == (Ask.PREPARE, SupplierPosition.NOT_ASKED)
    assert said.review_by == date(2026, 8, 30)


@pytest.mark.parametrize(
    "change",
    [
        {"facility": NamedFacility(facility_id=UUID(int=3), name="Silver Heron Assembly")},
        {"issues": ("wages.unpaid",)},
        {"organisations": ()},
        {"level": Level.BUYERS_CONFIRMED},
        {"level": Level.PUBLIC},
        {"ask": Ask.ENGAGE_SUPPLIER},
        {"supplier_position": SupplierPosition.DISPUTES},
        {"slot": SLOT.replace(microsecond=1)},
        {"review_by": date(2026, 8, 31)},
        {"version": 0},
    ],
)
def test_a_statement_that_breaks_a_rule_cannot_be_made(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        UnverifiedStatement.model_validate(first().model_dump() | change)


def test_a_slot_is_as_fine_as_a_calendar_can_be() -> None:
    fine = SLOT.replace(microsecond=100_000)

    said = UnverifiedStatement.model_validate(first().model_dump() | {"slot": fine})

    assert said.slot == fine


def test_only_a_visible_change_is_a_new_version() -> None:
    said = first()

    same = statement.updated(said, slot=NEXT_SLOT, country="VN", organisations=[HERON])
    more = statement.updated(said, slot=NEXT_SLOT, country="VN", organisations=[HERON, SWAN])

    assert same is None
    assert more is not None
    assert (more.version, more.slot) == (2, NEXT_SLOT)
    assert more.organisations == (HERON, SWAN)
    assert more.review_by == said.review_by


def test_an_end_says_that_it_ended_and_never_why() -> None:
    said, last = first(), statement.ended(first(), slot=NEXT_SLOT)

    differing = {
        name for name, value in last.model_dump().items() if value != said.model_dump()[name]
    }
    assert differing == {"version", "state", "slot"}
    assert last.state is AlertState.ENDED

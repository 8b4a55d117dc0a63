"""What an alert says; one that breaks a rule cannot be made (protection D3, D5 and D6)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from pydantic import model_validator

from tocsin_contracts.alerts import (
    Alert,
    AlertState,
    Ask,
    Level,
    NamedOrganisation,
    SupplierPosition,
)
from tocsin_contracts.taxonomy import Group

UNVERIFIED_FOR = timedelta(days=180)  # then an unverified alert ends, unless it is raised anew
UNVERIFIED_ASKS = (Ask.PREPARE, Ask.GENERIC_ENQUIRY)


class BrokenStatement(ValueError):
    """A statement would say what its audience may not know. This is a bug, caught in time."""


class UnverifiedStatement(Alert):
    """What buyers may know before anything is confirmed: coarse, and the same for every case."""

    @model_validator(mode="after")
    def _says_no_more_than_it_may(self) -> Self:
        if self.level is not Level.BUYERS_UNVERIFIED:
            raise BrokenStatement("an unverified statement is for the unverified level")
        if self.facility or self.issues:
            raise BrokenStatement("an unverified statement names neither facility nor issues")
        if not self.organisations:
            raise BrokenStatement("a statement is about an organisation")
        if self.ask not in UNVERIFIED_ASKS or self.supplier_position is not (
            SupplierPosition.NOT_ASKED
        ):
            raise BrokenStatement("an unverified statement asks only to prepare")
        if self.slot.microsecond % 1000:  # a calendar counts in milliseconds at the finest
            raise BrokenStatement("no time is finer than a slot")
        if self.review_by > (self.slot + UNVERIFIED_FOR).date():
            raise BrokenStatement("an unverified statement does not stand for longer")
        return self


def raised(
    alert_id: UUID,
    *,
    slot: datetime,
    group: Group,
    country: str,
    organisations: Sequence[NamedOrganisation],
) -> UnverifiedStatement:
    """The first version of an unverified alert. Its severity is its group's, whatever was said."""
    return UnverifiedStatement(
        alert_id=alert_id,
        version=1,
        state=AlertState.ACTIVE,
        level=Level.BUYERS_UNVERIFIED,
        slot=slot,
        organisations=tuple(organisations),
        country=country,
        issue_group=group.name,
        severity=group.default_severity,
        ask=Ask.PREPARE,
        supplier_position=SupplierPosition.NOT_ASKED,
        review_by=(slot + UNVERIFIED_FOR).date(),
    )


def updated(
    last: UnverifiedStatement,
    *,
    slot: datetime,
    country: str,
    organisations: Sequence[NamedOrganisation],
) -> UnverifiedStatement | None:
    """The next version, or `None` if a buyer would see no difference (protection L2)."""
    if (last.country, last.organisations) == (country, tuple(organisations)):
        return None
    return _next(last, slot, country=country, organisations=tuple(organisations))


def ended(last: UnverifiedStatement, *, slot: datetime) -> UnverifiedStatement:
    """The last version. It says that the alert stands no longer, and never why."""
    return _next(last, slot, state=AlertState.ENDED)


def _next(last: UnverifiedStatement, slot: datetime, **changes: object) -> UnverifiedStatement:
    said = last.model_dump() | {"version": last.version + 1, "slot": slot} | changes
    return UnverifiedStatement.model_validate(said)

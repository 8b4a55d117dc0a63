"""What cases can tell again, and what of it cannot be told: an officer's reply.

The words of a reply are stored nowhere but at intake; cases never keeps them.
"""

from datetime import UTC, datetime, time

from asyncpg import Record

from tocsin_cases.disclosure.terms import Terms
from tocsin_common.retelling import Chapter
from tocsin_contracts.alerts import AlertState, Level
from tocsin_contracts.events.alerts import (
    AlertCorrected,
    AlertEnded,
    AlertRaised,
    AlertTold,
    AlertUpdated,
)
from tocsin_contracts.events.cases import (
    ComplaintAcknowledged,
    ComplaintStatus,
    ComplaintStatusChanged,
    DisclosureIntended,
)
from tocsin_contracts.events.registry import (
    FacilityChanged,
    LinkChanged,
    OrganisationChanged,
    Role,
)

_NAMES = """
array(
    select distinct on (o.id) o.name from link l join organisation o on o.id = l.organisation_id
    where l.facility_id = c.facility_id order by o.id
) as names
"""


def chapters(terms: Terms) -> list[Chapter]:
    """What is told, in this order. Green ids are random, so their order says nothing."""
    return [
        Chapter("organisations", "version, name, country, lei", "organisation", _organisation),
        Chapter("facilities", "version, name, country, os_id", "facility", _facility),
        Chapter("links", "version, facility_id, organisation_id, role", "link", _link),
        Chapter(
            "alerts", "version, state, slot, statement", "alert", lambda row: _alert(terms, row)
        ),
        Chapter("complaint_statuses", "status, status_version", "complaint", _status),
        Chapter(
            "acknowledgements",
            "acknowledged_at",
            "complaint",
            _acknowledgement,
            only="acknowledged_at is not null",
        ),
        Chapter(
            "intentions",
            f"i.integration_id, i.planned_for, i.told_at, f.country, c.issue_group, {_NAMES}",
            'intention i join "case" c on c.id = i.case_id join facility f on f.id = c.facility_id',
            _intention,
            id="i.id",
        ),
    ]


def _today() -> datetime:
    """The day: the registry is told no finer (protection D3)."""
    return datetime.combine(datetime.now(UTC).date(), time(), UTC)


def _organisation(row: Record) -> OrganisationChanged:
    return OrganisationChanged(
        occurred_at=_today(),
        version=row["version"],
        organisation_id=row["id"],
        name=row["name"],
        country=row["country"],
        lei=row["lei"],
    )


def _facility(row: Record) -> FacilityChanged:
    return FacilityChanged(
        occurred_at=_today(),
        version=row["version"],
        facility_id=row["id"],
        name=row["name"],
        country=row["country"],
        os_id=row["os_id"],
    )


def _link(row: Record) -> LinkChanged:
    return LinkChanged(
        occurred_at=_today(),
        version=row["version"],
        link_id=row["id"],
        facility_id=row["facility_id"],
        organisation_id=row["organisation_id"],
        role=Role(row["role"]),
    )


def _alert(terms: Terms, row: Record) -> AlertTold:
    """The statement byte for byte; a signature over the same bytes is the same (RFC 8032)."""
    return _fact(AlertState(row["state"]), row["version"])(
        occurred_at=row["slot"],
        version=row["version"],
        alert_id=row["id"],
        statement=row["statement"],
        signature=terms.signer.sign(row["statement"]),
        key_id=terms.signer.key_id,
    )


def _fact(state: AlertState, version: int) -> type[AlertTold]:
    if state is AlertState.ENDED:
        return AlertEnded
    if state is AlertState.CORRECTED:
        return AlertCorrected
    return AlertRaised if version == 1 else AlertUpdated


def _status(row: Record) -> ComplaintStatusChanged:
    return ComplaintStatusChanged(
        occurred_at=datetime.now(UTC),
        version=row["status_version"],
        complaint_id=row["id"],
        status=ComplaintStatus(row["status"]),
    )


def _acknowledgement(row: Record) -> ComplaintAcknowledged:
    return ComplaintAcknowledged(occurred_at=row["acknowledged_at"], complaint_id=row["id"])


def _intention(row: Record) -> DisclosureIntended:
    """What a hotline was told that buyers would see, by the names the registry has now."""
    return DisclosureIntended(
        occurred_at=row["told_at"],
        intention_id=row["id"],
        integration_id=row["integration_id"],
        level=Level.BUYERS_UNVERIFIED,
        slot=row["planned_for"],
        organisation_names=tuple(row["names"]),
        country=row["country"],
        issue_group=row["issue_group"],
    )

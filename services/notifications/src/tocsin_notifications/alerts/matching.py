"""Which subscriptions an alert may meet: only what it shows at its level counts (protection L4).

A subscription is found by terms. Its conditions are turned into terms when it is stored, an
alert's fields when it is told, and where a term is in both the subscription is looked at. So an
alert costs what it matches, however many subscriptions there are.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from uuid import UUID

from tocsin_contracts.alerts import Alert, AlertState, Level

ANY = "*"
LEVELS = tuple(Level)
"""Least known first."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an alert shows to buyers."""

    alert_id: UUID
    version: int
    level: int
    """Its place among `LEVELS`."""
    unverified: bool
    """Only for buyers who signed to keep it confidential (protection L6)."""
    ended: bool
    reaches_all_told: bool
    """What was wrong, or stands no longer: whoever was told hears it, come what may."""
    organisations: tuple[tuple[UUID, tuple[str, ...]], ...]
    """Each with its roles."""
    facility: UUID | None
    """At the confirmed levels only."""
    country: str
    issue_group: str
    severity: int


def seen(alert: Alert) -> Seen:
    """Take from an alert what its level shows, and nothing else."""
    unverified = alert.level is Level.BUYERS_UNVERIFIED
    return Seen(
        alert_id=alert.alert_id,
        version=alert.version,
        level=LEVELS.index(alert.level),
        unverified=unverified,
        ended=alert.state is AlertState.ENDED,
        reaches_all_told=alert.state is not AlertState.ACTIVE,
        organisations=tuple((one.organisation_id, one.roles) for one in alert.organisations),
        facility=alert.facility.facility_id if alert.facility and not unverified else None,
        country=alert.country,
        issue_group=alert.issue_group,
        severity=alert.severity,
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscription is found by: its conditions that tell alerts apart best."""

    facilities: Collection[UUID] = ()
    organisations: Collection[UUID] = ()
    contracts: Collection[UUID] = ()
    countries: Collection[str] = ()
    issue_groups: Collection[str] = ()


def terms_of_subscription(wish: Wish) -> set[str]:
    """Return the terms by which a subscription is found: those of its narrowest condition.

    Facilities tell alerts apart best, then organisations, then contracts; a subscription with
    none of them is found by its pairs of issue group and country.
    """
    if wish.facilities:
        return {_facility(one) for one in wish.facilities}
    if wish.organisations:
        return {_organisation(one) for one in wish.organisations}
    if wish.contracts:
        return {contract_term(one) for one in wish.contracts}
    return {_pair(*one) for one in product(wish.issue_groups or [ANY], wish.countries or [ANY])}


def terms_of_alert(alert: Seen) -> Sequence[str]:
    """Return the terms that find every subscription which an alert may meet.

    The contracts that reach it are each buyer's own; their terms are found beside these.
    """
    pairs = product((alert.issue_group, ANY), (alert.country, ANY))
    facility = [_facility(alert.facility)] if alert.facility else []
    organisations = (_organisation(one) for one, _ in alert.organisations)
    return [*facility, *organisations, *(_pair(*one) for one in pairs)]


CONTRACT = "contract "


def contract_term(contract_id: UUID) -> str:
    """The term of a contract: `CONTRACT` and its id, as SQL writes it too."""
    return f"{CONTRACT}{contract_id}"


def _facility(facility_id: UUID) -> str:
    return f"facility {facility_id}"


def _organisation(organisation_id: UUID) -> str:
    return f"organisation {organisation_id}"


def _pair(issue_group: str, country: str) -> str:
    return f"{issue_group} in {country}"

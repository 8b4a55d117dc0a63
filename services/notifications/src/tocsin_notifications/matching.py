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


@dataclass(frozen=True, slots=True)
class Seen:
    """What an alert shows to buyers."""

    alert_id: UUID
    version: int
    unverified: bool
    """Only for buyers who signed to keep it confidential (protection L6)."""
    ended: bool
    reaches_all_told: bool
    """What was wrong, or stands no longer: whoever was told hears it, come what may."""
    organisations: tuple[UUID, ...]
    country: str
    issue_group: str


def seen(alert: Alert) -> Seen:
    """Take from an alert what its level shows, and nothing else."""
    return Seen(
        alert_id=alert.alert_id,
        version=alert.version,
        unverified=alert.level is Level.BUYERS_UNVERIFIED,
        ended=alert.state is AlertState.ENDED,
        reaches_all_told=alert.state is not AlertState.ACTIVE,
        organisations=tuple(one.organisation_id for one in alert.organisations),
        country=alert.country,
        issue_group=alert.issue_group,
    )


def terms_of_subscription(
    organisations: Collection[UUID], countries: Collection[str], issue_groups: Collection[str]
) -> set[str]:
    """Return the terms by which a subscription is found.

    Organisations are what tells alerts apart best, so a subscription that names some is found by
    each of them; any other by its pairs of issue group and country.
    """
    if organisations:
        return {_organisation(one) for one in organisations}
    return {_pair(*one) for one in product(issue_groups or [ANY], countries or [ANY])}


def terms_of_alert(alert: Seen) -> Sequence[str]:
    """Return the terms that find every subscription which an alert may meet."""
    pairs = product((alert.issue_group, ANY), (alert.country, ANY))
    return [*(_organisation(one) for one in alert.organisations), *(_pair(*one) for one in pairs)]


def _organisation(organisation_id: UUID) -> str:
    return f"organisation {organisation_id}"


def _pair(issue_group: str, country: str) -> str:
    return f"{issue_group} in {country}"

"""The read model of alerts: what is kept of what cases told, and what a buyer is shown."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_buyer_portal_api.alerts.models import (
    Alert,
    AlertOrganisation,
    AlertVersion,
    Delivery,
    View,
)
from tocsin_buyer_portal_api.alerts.schemas import AlertQuestion, AlertShown, Delivered
from tocsin_buyer_portal_api.alerts.visibility import visible_to
from tocsin_buyer_portal_api.auth import Caller
from tocsin_common.database import driver
from tocsin_common.errors import RuleBroken
from tocsin_common.problems import NotFound
from tocsin_common.signatures import Verifier
from tocsin_contracts import alerts as contract
from tocsin_contracts.events.alerts import AlertTold
from tocsin_contracts.events.deliveries import DeliverySettled, DeliverySucceeded

VERSIONS_SHOWN = 100

_KEEP_VERSIONS = """
insert into alert_version (alert_id, version, level, statement)
select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[])
on conflict do nothing
"""
_KEEP_ORGANISATIONS = """
insert into alert_organisation (alert_id, version, organisation_id)
select * from unnest($1::uuid[], $2::int[], $3::uuid[])
on conflict do nothing
"""
_KEEP_NEWEST = """
insert into alert (alert_id, version, state, level, slot, country, issue_group)
select * from unnest(
    $1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[]
)
on conflict (alert_id) do update set
    version = excluded.version, state = excluded.state, level = excluded.level,
    slot = excluded.slot, country = excluded.country, issue_group = excluded.issue_group
"""
_SETTLE = """
insert into delivery
    (delivery_id, buyer_id, endpoint_id, alert_id, alert_version, succeeded, settled_at)
select * from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::bool[], $7::timestamptz[]
)
on conflict (delivery_id) do update set
    succeeded = excluded.succeeded, settled_at = excluded.settled_at
"""


class StatementOfAnother(RuleBroken):
    """The signed statement is another alert's or another version's than the event says."""


class NotForBuyers(RuleBroken):
    """An internal alert must never leave cases."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A signed statement, and what it says."""

    text: str
    alert: contract.Alert


def read(verifier: Verifier, event: AlertTold) -> Statement:
    """Verify and read what an event states. Its envelope is not signed, so it must agree.

    Raises:
        ForgedStatement: no trusted key signed it.
        StatementOfAnother: it was signed for another event.
        NotForBuyers: no buyer may see it at all.
        ValidationError: it is not an alert.
    """
    verifier.verify(event.statement, event.signature, event.key_id)
    alert = contract.Alert.model_validate_json(event.statement)
    if (alert.alert_id, alert.version) != (event.alert_id, event.version):
        raise StatementOfAnother
    if alert.level is contract.Level.INTERNAL:
        raise NotForBuyers
    return Statement(event.statement, alert)


async def project(
    tx: AsyncConnection, stated: Sequence[Statement], newest: Collection[UUID]
) -> None:
    """Keep every version that was told, and the newest of each alert for lists.

    Args:
        tx: the transaction it happens in.
        stated: what was told, in any order, repeats included.
        newest: the alerts of which something newer than before is among it.
    """
    connection = await driver(tx)
    stated = sorted(stated, key=lambda one: (one.alert.alert_id, one.alert.version))
    every = [one.alert for one in stated]
    await connection.execute(
        _KEEP_VERSIONS,
        [alert.alert_id for alert in every],
        [alert.version for alert in every],
        [alert.level for alert in every],
        [one.text for one in stated],
    )
    named = [
        (alert.alert_id, alert.version, organisation.organisation_id)
        for alert in every
        for organisation in alert.organisations
    ]
    await connection.execute(
        _KEEP_ORGANISATIONS,
        [alert_id for alert_id, _, _ in named],
        [version for _, version, _ in named],
        [organisation_id for _, _, organisation_id in named],
    )
    # Sorted by version, so the last of each alert is its newest.
    latest = {alert.alert_id: alert for alert in every if alert.alert_id in newest}.values()
    await connection.execute(
        _KEEP_NEWEST,
        [alert.alert_id for alert in latest],
        [alert.version for alert in latest],
        [alert.state for alert in latest],
        [alert.level for alert in latest],
        [alert.slot for alert in latest],
        [alert.country for alert in latest],
        [alert.issue_group for alert in latest],
    )


async def settle(tx: AsyncConnection, settled: Sequence[DeliverySettled]) -> None:
    """Keep what became of deliveries."""
    settled = sorted(settled, key=lambda one: one.delivery_id)
    await (await driver(tx)).execute(
        _SETTLE,
        [one.delivery_id for one in settled],
        [one.buyer_id for one in settled],
        [one.endpoint_id for one in settled],
        [one.alert_id for one in settled],
        [one.alert_version for one in settled],
        [isinstance(one, DeliverySucceeded) for one in settled],
        [one.occurred_at for one in settled],
    )


async def page(
    session: AsyncSession,
    caller: Caller,
    question: AlertQuestion,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[AlertShown]:
    """Return alerts the caller may see, newest slot first."""
    order = (col(Alert.slot), col(Alert.alert_id))
    query = (
        select(AlertVersion.statement)
        .join(Alert, _newest_of(AlertVersion))
        .where(visible_to(caller.buyer_id, Alert))
        .order_by(*(column.desc() for column in order))
        .limit(limit)
    )
    if after:
        query = query.where(tuple_(*order) < after)
    for column, wanted in (
        (Alert.state, question.state),
        (Alert.level, question.level),
        (Alert.country, question.country),
        (Alert.issue_group, question.issue_group),
    ):
        if wanted is not None:
            query = query.where(col(column) == wanted)
    if question.organisation:
        names_it = select(AlertOrganisation.alert_id).where(
            _newest_of(AlertOrganisation),
            col(AlertOrganisation.organisation_id) == question.organisation,
        )
        query = query.where(names_it.exists())
    return await _shown(session, caller, _alerts((await session.exec(query)).all()))


async def detail(
    session: AsyncSession, caller: Caller, alert_id: UUID
) -> tuple[AlertShown, list[contract.Alert]]:
    """Return an alert and its versions, newest first, as far as the caller may see them.

    Raises:
        NotFound: there is no such alert, or not for this caller.
    """
    query = (
        select(AlertVersion.statement)
        .join(Alert, col(Alert.alert_id) == col(AlertVersion.alert_id))
        .where(
            col(Alert.alert_id) == alert_id,
            visible_to(caller.buyer_id, Alert),
            visible_to(caller.buyer_id, AlertVersion),
        )
        .order_by(col(AlertVersion.version).desc())
        .limit(VERSIONS_SHOWN)
    )
    versions = _alerts((await session.exec(query)).all())
    if not versions:
        raise NotFound
    [newest] = await _shown(session, caller, versions[:1])
    await _log_views(session, caller, versions)
    return newest, versions


def _newest_of(of: type[AlertVersion | AlertOrganisation]) -> ColumnElement[bool]:
    return and_(col(of.alert_id) == col(Alert.alert_id), col(of.version) == col(Alert.version))


def _alerts(statements: Iterable[str]) -> list[contract.Alert]:
    return [contract.Alert.model_validate_json(statement) for statement in statements]


async def _shown(
    session: AsyncSession, caller: Caller, alerts: Sequence[contract.Alert]
) -> list[AlertShown]:
    """Complete what is shown, and note that it was."""
    await _log_views(session, caller, alerts)
    delivered = await _delivered(session, caller.buyer_id, alerts)
    return [AlertShown.of(alert, delivered.get(alert.alert_id, Delivered())) for alert in alerts]


async def _delivered(
    session: AsyncSession, buyer_id: UUID, alerts: Iterable[contract.Alert]
) -> Mapping[UUID, Delivered]:
    """What became of these alerts at the buyer's endpoints, each at its newest version."""
    took = col(Delivery.succeeded)
    endpoints = func.count(col(Delivery.endpoint_id).distinct())
    query = (
        select(
            Delivery.alert_id,
            endpoints.filter(took),
            endpoints.filter(~took),
            func.max(Delivery.settled_at).filter(took),
        )
        .where(
            col(Delivery.buyer_id) == buyer_id,
            tuple_(col(Delivery.alert_id), col(Delivery.alert_version)).in_(
                [(alert.alert_id, alert.version) for alert in alerts]
            ),
        )
        .group_by(col(Delivery.alert_id))
    )
    return {
        alert_id: Delivered(endpoints=succeeded, failed=failed, delivered_at=last)
        for alert_id, succeeded, failed, last in (await session.exec(query)).all()
    }


async def _log_views(
    session: AsyncSession, caller: Caller, alerts: Iterable[contract.Alert]
) -> None:
    """Note which unverified alerts are shown: once an hour, however often a system asks."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    views = [
        {
            "buyer_id": caller.buyer_id,
            "alert_id": alert.alert_id,
            "version": alert.version,
            "key_id": caller.key_id,
            "hour": hour,
        }
        for alert in alerts
        if alert.level is contract.Level.BUYERS_UNVERIFIED
    ]
    if views:
        await session.exec(insert(View).values(views).on_conflict_do_nothing())

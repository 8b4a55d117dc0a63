"""The read model of the registry, and a buyer's suppliers in it."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_buyer_portal_api.alerts.models import Alert, AlertOrganisation
from tocsin_buyer_portal_api.alerts.visibility import level_open_to
from tocsin_buyer_portal_api.buyers.models import Reach
from tocsin_buyer_portal_api.suppliers.models import Facility, Link, Organisation
from tocsin_buyer_portal_api.suppliers.schemas import LinkedFacility, Supplier
from tocsin_common.database import driver
from tocsin_common.problems import NotFound
from tocsin_contracts.alerts import AlertState
from tocsin_contracts.events.registry import FacilityChanged, LinkChanged, OrganisationChanged

_KEEP_ORGANISATIONS = """
insert into organisation (organisation_id, name, country, lei)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
on conflict (organisation_id) do update set
    name = excluded.name, country = excluded.country, lei = excluded.lei
"""
_KEEP_FACILITIES = """
insert into facility (facility_id, os_id, name, country)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
on conflict (facility_id) do update set
    os_id = excluded.os_id, name = excluded.name, country = excluded.country
"""
_KEEP_LINKS = """
insert into link (link_id, organisation_id, facility_id, role, ended)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bool[])
on conflict (link_id) do update set
    organisation_id = excluded.organisation_id, facility_id = excluded.facility_id,
    role = excluded.role, ended = excluded.ended
"""


async def keep_organisations(tx: AsyncConnection, changed: Sequence[OrganisationChanged]) -> None:
    """Keep organisations as they are now."""
    changed = sorted(changed, key=lambda one: one.organisation_id)
    await (await driver(tx)).execute(
        _KEEP_ORGANISATIONS,
        [one.organisation_id for one in changed],
        [one.name for one in changed],
        [one.country for one in changed],
        [one.lei for one in changed],
    )


async def keep_facilities(tx: AsyncConnection, changed: Sequence[FacilityChanged]) -> None:
    """Keep facilities as they are now."""
    changed = sorted(changed, key=lambda one: one.facility_id)
    await (await driver(tx)).execute(
        _KEEP_FACILITIES,
        [one.facility_id for one in changed],
        [one.os_id for one in changed],
        [one.name for one in changed],
        [one.country for one in changed],
    )


async def keep_links(tx: AsyncConnection, changed: Sequence[LinkChanged]) -> None:
    """Keep links as they are now."""
    changed = sorted(changed, key=lambda one: one.link_id)
    await (await driver(tx)).execute(
        _KEEP_LINKS,
        [one.link_id for one in changed],
        [one.organisation_id for one in changed],
        [one.facility_id for one in changed],
        [one.role for one in changed],
        [one.ended for one in changed],
    )


async def page(
    session: AsyncSession, buyer_id: UUID, *, after: tuple[str, UUID] | None, limit: int
) -> list[Supplier]:
    """Return a buyer's suppliers by name, those not yet named first."""
    name = func.coalesce(col(Organisation.name), "")
    order = (name, col(Reach.organisation_id))
    query = (
        select(Reach.organisation_id, Organisation)
        .join(
            Organisation,
            col(Organisation.organisation_id) == col(Reach.organisation_id),
            isouter=True,
        )
        .where(col(Reach.buyer_id) == buyer_id)
        .order_by(*order)
        .limit(limit)
    )
    if after:
        query = query.where(tuple_(*order) > after)
    return await _suppliers(session, buyer_id, dict((await session.exec(query)).all()))


async def find(session: AsyncSession, buyer_id: UUID, organisation_id: UUID) -> Supplier:
    """Return one of a buyer's suppliers.

    Raises:
        NotFound: the buyer's contracts do not reach it.
    """
    await _require_reached(session, buyer_id, organisation_id)
    known = await session.get(Organisation, organisation_id)
    [supplier] = await _suppliers(session, buyer_id, {organisation_id: known})
    return supplier


async def facilities(
    session: AsyncSession,
    buyer_id: UUID,
    organisation_id: UUID,
    *,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[LinkedFacility]:
    """Return a supplier's facilities by name.

    Raises:
        NotFound: the buyer's contracts do not reach the supplier.
    """
    await _require_reached(session, buyer_id, organisation_id)
    order = (col(Facility.name), col(Facility.facility_id))
    roles = func.array_agg(col(Link.role).distinct())
    query = (
        select(Facility, roles)
        .join(Link, col(Link.facility_id) == col(Facility.facility_id))
        .where(col(Link.organisation_id) == organisation_id, ~col(Link.ended))
        .group_by(col(Facility.facility_id))
        .order_by(*order)
        .limit(limit)
    )
    if after:
        query = query.where(tuple_(*order) > after)
    return [
        LinkedFacility(**facility.model_dump(), roles=sorted(held))
        for facility, held in (await session.exec(query)).all()
    ]


async def _require_reached(session: AsyncSession, buyer_id: UUID, organisation_id: UUID) -> None:
    if not await session.get(Reach, (buyer_id, organisation_id)):
        raise NotFound


async def _suppliers(
    session: AsyncSession, buyer_id: UUID, known: Mapping[UUID, Organisation | None]
) -> list[Supplier]:
    """Complete suppliers with what is counted, in two queries for all of them."""
    alerts = await _active_alerts(session, buyer_id, known.keys())
    facilities = await _facilities(session, known.keys())
    return [
        Supplier(
            organisation_id=organisation_id,
            name=organisation.name if organisation else None,
            country=organisation.country if organisation else None,
            lei=organisation.lei if organisation else None,
            active_alerts=alerts.get(organisation_id, 0),
            facilities=facilities.get(organisation_id, 0),
        )
        for organisation_id, organisation in known.items()
    ]


async def _active_alerts(
    session: AsyncSession, buyer_id: UUID, organisation_ids: Collection[UUID]
) -> Mapping[UUID, int]:
    """Count exactly: what a buyer may see anyway gives nobody away (protection D11)."""
    query = (
        select(AlertOrganisation.organisation_id, func.count())
        .join(
            Alert,
            (col(Alert.alert_id) == col(AlertOrganisation.alert_id))
            & (col(Alert.version) == col(AlertOrganisation.version)),
        )
        .where(
            col(AlertOrganisation.organisation_id).in_(organisation_ids),
            col(Alert.state) == AlertState.ACTIVE,
            level_open_to(buyer_id, Alert),
        )
        .group_by(col(AlertOrganisation.organisation_id))
    )
    return dict((await session.exec(query)).all())


async def _facilities(
    session: AsyncSession, organisation_ids: Collection[UUID]
) -> Mapping[UUID, int]:
    query = (
        select(Link.organisation_id, func.count(col(Link.facility_id).distinct()))
        .join(Facility, col(Facility.facility_id) == col(Link.facility_id))
        .where(col(Link.organisation_id).in_(organisation_ids), ~col(Link.ended))
        .group_by(col(Link.organisation_id))
    )
    return dict((await session.exec(query)).all())

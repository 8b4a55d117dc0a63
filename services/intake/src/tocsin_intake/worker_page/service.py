"""Keeps what operators say of hotlines' pages."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_common.database import Database
from tocsin_common.problems import Conflict
from tocsin_intake.integrations.service import find, to_change
from tocsin_intake.worker_page.models import WorkerPage
from tocsin_intake.worker_page.schemas import PageSettings


class HostTaken(Conflict):
    """One host name cannot show two pages."""

    code = "host_taken"
    detail = "One of these host names shows another integration's page."


async def put(
    session: AsyncSession, integration_id: UUID, wanted: PageSettings, if_match: str | None
) -> int:
    """Give an integration its page, or another; return the integration's version.

    Raises:
        NotFound: there is no such integration.
        IfMatchMissing, ChangedSince: the caller does not know the present state.
        HostTaken: another has one of the host names.
    """
    integration = await to_change(session, integration_id, if_match)
    await _clear(session, integration_id)
    hosts = sorted(set(wanted.hosts))
    session.add_all(
        WorkerPage(
            host=host,
            integration_id=integration_id,
            name=wanted.name,
            names={str(language): name for language, name in wanted.names.items()},
            leave_to=wanted.leave_to,
        )
        for host in hosts
    )
    try:
        await session.flush()
    except IntegrityError:
        raise HostTaken from None
    return integration.version


async def remove(session: AsyncSession, integration_id: UUID, if_match: str | None) -> None:
    """Take an integration's page away.

    Raises:
        NotFound: there is no such integration.
        IfMatchMissing, ChangedSince: the caller does not know the present state.
    """
    await to_change(session, integration_id, if_match)
    await _clear(session, integration_id)


async def of(session: AsyncSession, integration_id: UUID) -> PageSettings | None:
    """What was said of an integration's page, if it has one.

    Raises:
        NotFound: there is no such integration.
    """
    await find(session, integration_id)
    query = select(WorkerPage).where(col(WorkerPage.integration_id) == integration_id)
    rows = (await session.exec(query.order_by(col(WorkerPage.host)))).all()
    return _settings(rows) if rows else None


async def by_host(database: Database) -> Mapping[bytes, WorkerPage]:
    """Every page, to be held in memory."""
    async with database.session() as session:
        return {page.host.encode(): page for page in (await session.exec(select(WorkerPage))).all()}


def _settings(rows: Sequence[WorkerPage]) -> PageSettings:
    first = rows[0]
    return PageSettings.model_validate(
        first.model_dump(include={"name", "names", "leave_to"})
        | {"hosts": [row.host for row in rows]}
    )


async def _clear(session: AsyncSession, integration_id: UUID) -> None:
    whose = col(WorkerPage.integration_id) == integration_id
    await session.exec(delete(WorkerPage).where(whose))

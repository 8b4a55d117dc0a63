"""What people look at: alerts, intentions, and the ledger of it all."""

from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_cases.disclosure.models import Alert, Intention
from tocsin_cases.disclosure.schemas import (
    AlertsCounted,
    AlertShown,
    ComplaintsCounted,
    IntentionShown,
    Ledger,
)
from tocsin_common.database import driver
from tocsin_contracts.alerts import Alert as Statement

_COMPLAINTS = "select match, count(*) from complaint group by match"
_REST = """
select (select count(*) from "case") as cases,
    (select count(*) from disclosure where planned_for is not null) as planned,
    (select count(distinct i.case_id) from intention i join disclosure d
        on d.case_id = i.case_id and d.planned_for = i.planned_for
        where i.held_until >= $1) as held,
    count(*) as raised, count(*) filter (where state = 'active') as active,
    coalesce(sum(version), 0) as versions
from alert
"""


async def page_of_alerts(session: AsyncSession, *, after: UUID, limit: int) -> list[AlertShown]:
    """Alerts in the order of their ids."""
    query = select(Alert).where(col(Alert.id) > after).order_by(col(Alert.id)).limit(limit)
    return [
        AlertShown(
            alert_id=one.id,
            case_id=one.case_id,
            end_asked=one.end_asked,
            statement=Statement.model_validate_json(one.statement),
        )
        for one in (await session.exec(query)).all()
    ]


async def page_of_intentions(
    session: AsyncSession, *, only_held: bool, after: UUID, limit: int, today: date
) -> list[IntentionShown]:
    """Intentions in the order they were told, or only those that are held."""
    query = select(Intention).where(col(Intention.id) > after)
    if only_held:
        query = query.where(col(Intention.held_until) >= today)
    found = await session.exec(query.order_by(col(Intention.id)).limit(limit))
    return [IntentionShown(intention_id=one.id, **one.model_dump()) for one in found.all()]


async def ledger(session: AsyncSession, today: date) -> Ledger:
    """Count everything."""
    connection = await driver(await session.connection())
    complaints = {row["match"]: row["count"] for row in await connection.fetch(_COMPLAINTS)}
    rest = await connection.fetchrow(_REST, today)
    counted = dict(rest or {})
    return Ledger(
        complaints=ComplaintsCounted(**complaints, total=sum(complaints.values())),
        cases=counted["cases"],
        alerts=AlertsCounted(
            raised=counted["raised"], active=counted["active"], versions=counted["versions"]
        ),
        planned=counted["planned"],
        held=counted["held"],
    )

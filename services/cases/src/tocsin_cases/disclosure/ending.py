"""An officer ends an alert: buyers are told in the next slot, in the same words as ever."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from tocsin_cases.disclosure.models import Alert
from tocsin_cases.officers import audit
from tocsin_cases.officers.audit import Move
from tocsin_common.problems import NotFound
from tocsin_contracts.alerts import AlertState


async def end_alert(session: AsyncSession, alert_id: UUID, officer_id: UUID) -> None:
    """End an alert that stands. Ending it again changes nothing.

    Raises:
        NotFound: no such alert stands.
    """
    query = select(Alert).where(col(Alert.id) == alert_id).with_for_update()
    alert = (await session.exec(query)).one_or_none()
    if alert is None or alert.state != AlertState.ACTIVE:
        raise NotFound
    if not alert.end_asked:
        alert.end_asked = True
        session.add(alert)
        await audit.note(session, Move.ALERT_ENDED, officer_id=officer_id, subject_id=alert_id)

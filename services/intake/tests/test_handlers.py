"""Intake as its events see it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from builders import a_complaint
from sqlalchemy import text

from tocsin_common.database import Database
from tocsin_common.testing import eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.events.cases import ComplaintStatus, ComplaintStatusChanged


async def test_an_older_status_never_replaces_a_newer_one(
    intake: Client, hotline: dict[str, str], database: Database, tell: Any
) -> None:
    answer = await intake.post("/v1/complaints", json=a_complaint(), headers=hotline)
    complaint_id = UUID(answer.json()["complaint_id"])

    def status(version: int, status: ComplaintStatus) -> ComplaintStatusChanged:
        return ComplaintStatusChanged(
            complaint_id=complaint_id, version=version, status=status, occurred_at=datetime.now(UTC)
        )

    async def shown() -> str | None:
        async with database.begin() as tx:
            return (await tx.execute(text("select status from complaint"))).scalar()

    async def shows_closed() -> bool:
        return await shown() == "closed"

    await tell(status(3, ComplaintStatus.CLOSED))
    await eventually(shows_closed)
    await tell(status(2, ComplaintStatus.IN_REVIEW))
    await tell(status(4, ComplaintStatus.IN_REVIEW))

    async def shows_in_review() -> bool:
        return await shown() == "in_review"

    await eventually(shows_in_review)
    await tell(status(3, ComplaintStatus.CLOSED))
    await tell(status(5, ComplaintStatus.FACILITY_UNKNOWN))

    async def shows_newest() -> bool:
        return await shown() == "facility_unknown"

    await eventually(shows_newest)

"""The operator's edge to what is counted of informational calls."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import col, select

from tocsin_common.auth import Operator
from tocsin_common.database import Session
from tocsin_common.text import Day
from tocsin_intake.models import CallCount

MOST = 1000  # about seven years of one hotline

router = APIRouter(
    prefix="/v1/admin/integrations/{integration_id}/calls",
    tags=["operator"],
    dependencies=[Operator],
)


class CallsCounted(BaseModel):
    """The informational calls of one month about one issue group."""

    month: date = Field(description="The first day of it.", examples=["2026-11-01"])
    issue_group: str = Field(description="`none`: without a code.", examples=["wages"])
    calls: int = Field(examples=[212])


class CallsCountedList(BaseModel):
    """All of them since a month."""

    data: list[CallsCounted]


@router.get("")
async def list_call_counts(
    integration_id: UUID,
    session: Session,
    since: Annotated[Day | None, Query(description="Default: a year ago.")] = None,
) -> CallsCountedList:
    """List how many informational calls a hotline had, newest month first."""
    today = datetime.now(UTC).date()
    query = (
        select(CallCount)
        .where(
            col(CallCount.integration_id) == integration_id,
            col(CallCount.month) >= (since or today.replace(year=today.year - 1, day=1)),
        )
        .order_by(col(CallCount.month).desc(), col(CallCount.issue_group))
        .limit(MOST)
    )
    found = (await session.exec(query)).all()
    return CallsCountedList(data=[CallsCounted(**one.model_dump()) for one in found])

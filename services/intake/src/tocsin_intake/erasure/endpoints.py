"""The operator's edge to erasures."""

import base64
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel import col, select

from tocsin_common.auth import Operator
from tocsin_common.database import Session
from tocsin_common.problems import NotFound
from tocsin_common.signatures import signer_of
from tocsin_intake.erasure import scrub, service
from tocsin_intake.erasure.models import Erasure
from tocsin_intake.erasure.schemas import (
    Certified,
    ErasurePage,
    ErasureShown,
    ErasureWanted,
    Replay,
    Replayed,
    Scrubbed,
)
from tocsin_intake.erasure.service import Eraser
from tocsin_intake.links import links
from tocsin_intake.settings import Settings

admin = APIRouter(prefix="/v1/admin/erasures", tags=["operator"], dependencies=[Operator])


@admin.post(
    "",
    status_code=201,
    responses=links(
        201, show_certificate={"parameters": {"complaint_id": "$request.body#/complaint_id"}}
    ),
)
async def erase_complaint(wanted: ErasureWanted, session: Session, request: Request) -> Certified:
    """Erase a complaint for good: keys, words and all that was derived from them."""
    eraser: Eraser = request.app.state.eraser
    done = await service.erase(
        await session.connection(),
        eraser,
        [wanted.complaint_id],
        wanted.reason,
        datetime.now(UTC),
    )
    if not done:
        raise NotFound
    return _certified(request, await session.get(Erasure, wanted.complaint_id))


@admin.get("")
async def list_erasures(
    session: Session,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ErasurePage:
    """List erasures: a ledger to keep outside the database and its backups."""
    query = select(Erasure).order_by(col(Erasure.complaint_id)).limit(limit + 1)
    if after:
        query = query.where(col(Erasure.complaint_id) > after)
    rows = (await session.exec(query)).all()
    data = [
        ErasureShown(**one.model_dump(), scrubbed=one.scrubbed_at is not None)
        for one in rows[:limit]
    ]
    return ErasurePage(data=data, next_cursor=data[-1].complaint_id if len(rows) > limit else None)


@admin.get("/{complaint_id}")
async def show_certificate(complaint_id: UUID, session: Session, request: Request) -> Certified:
    """Show the certificate of an erasure."""
    return _certified(request, await session.get(Erasure, complaint_id))


@admin.post("/replay")
async def replay_erasures(wanted: Replay, session: Session, request: Request) -> Replayed:
    """Erase again, after a restore, what must stay erased."""
    eraser: Eraser = request.app.state.eraser
    back = await service.replay(await session.connection(), eraser, wanted.complaint_ids)
    return Replayed(erased_again=back)


@admin.post("/scrub")
async def scrub_files(request: Request) -> Scrubbed:
    """Rewrite the database's files without what was erased. Tables are locked meanwhile."""
    done = await scrub.scrub(request.app.state.database)
    return Scrubbed(rewritten=done.rewritten, log_replaced=done.log_replaced)


def _certified(request: Request, erasure: Erasure | None) -> Certified:
    if erasure is None:
        raise NotFound
    settings: Settings = request.app.state.settings
    own: bytes = request.app.state.eraser.signer.public_key
    keys = (own, *settings.certificate_public_keys_before)
    public_key = signer_of(erasure.certificate, erasure.signature, keys) or own
    return Certified(
        certificate=erasure.certificate,
        signature=base64.b64encode(erasure.signature).decode(),
        public_key=base64.b64encode(public_key).decode(),
    )

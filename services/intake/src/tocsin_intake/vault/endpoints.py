"""The vault's HTTP edges: officers' tokens, hotlines' list of openings, the operator's keys."""

from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel import col, select

from tocsin_common.auth import Operator
from tocsin_common.database import Session
from tocsin_common.pages import Page, ThisList
from tocsin_intake.auth import HoldingHotline
from tocsin_intake.links import links
from tocsin_intake.vault import access_log, officers, rotation
from tocsin_intake.vault.access_log import ChainBroken, Head
from tocsin_intake.vault.models import Opening
from tocsin_intake.vault.officers import CallingOfficer
from tocsin_intake.vault.openings import chain_key
from tocsin_intake.vault.schemas import (
    AccessLogVerified,
    NewVaultOfficer,
    OpeningShown,
    RememberedEnd,
    RotationProgress,
    RotationStep,
    TokenIssued,
    TokenWanted,
    VaultOfficerCreated,
)
from tocsin_intake.vault.tokens import Purpose

tokens = APIRouter(prefix="/v1/vault", tags=["officers"])
openings = APIRouter(prefix="/v1/openings", tags=["hotlines"])
admin = APIRouter(prefix="/v1/admin/vault", tags=["operator"], dependencies=[Operator])


@tokens.post("/tokens", status_code=201)
async def issue_token(
    wanted: TokenWanted, officer: CallingOfficer, request: Request
) -> TokenIssued:
    """Say by one's own key that a complaint may be opened; cases cannot say it for anybody."""
    token, valid_until = officers.new_token(
        request.app.state.settings.hash_key,
        officer.officer_id,
        wanted.complaint_id,
        wanted.reason,
        Purpose.SECOND if wanted.as_second else Purpose.OPEN,
    )
    return TokenIssued(token=token, valid_until=valid_until)


@openings.get("")
async def list_openings(
    hotline: HoldingHotline, session: Session, this: ThisList
) -> Page[OpeningShown]:
    """List who opened the words of this hotline's complaints, when and why."""
    after = int(place[0]) if (place := this.place) else 0
    query = (
        select(Opening)
        .where(col(Opening.integration_id) == hotline.integration_id, col(Opening.seq) > after)
        .order_by(col(Opening.seq))
        .limit(this.wanted)
    )
    page = this.page((await session.exec(query)).all(), lambda one: (str(one.seq),))
    shown = [OpeningShown.model_validate(one.model_dump()) for one in page.data]
    return Page(data=shown, next_cursor=page.next_cursor)


@admin.post(
    "/officers",
    status_code=201,
    responses=links(
        201,
        disable_vault_officer={"parameters": {"officer_id": "$request.body#/officer_id"}},
    ),
)
async def register_vault_officer(
    new: NewVaultOfficer, session: Session, request: Request
) -> VaultOfficerCreated:
    """Let an officer open words. The key is shown once; hand it to the officer, not to cases."""
    key = await officers.register(session, request.app.state.settings.hash_key, new.officer_id)
    return VaultOfficerCreated(officer_id=new.officer_id, key=key)


@admin.delete("/officers/{officer_id}", status_code=204)
async def disable_vault_officer(officer_id: UUID, session: Session) -> None:
    """Refuse an officer's key and tokens."""
    await officers.disable(session, officer_id)


@admin.post("/rotate")
async def rotate_vault_keys(
    step: RotationStep, session: Session, request: Request
) -> RotationProgress:
    """Wrap up to 500 data keys anew under the current key; call it until nothing is left."""
    done = await rotation.rotate(await session.connection(), request.app.state.vault, step.after)
    return RotationProgress(rewrapped=done.rewrapped, left=done.left, after=done.last)


@admin.post("/openings/verify")
async def verify_openings(
    remembered: RememberedEnd, session: Session, request: Request
) -> AccessLogVerified:
    """Check that no row of the access log was changed, added or taken out."""
    key = chain_key(request.app.state.settings.hash_key)
    end = Head(remembered.seq, bytes.fromhex(remembered.hash))
    try:
        head = await access_log.verify(await session.connection(), key, end)
    except ChainBroken as broken:
        return AccessLogVerified(intact=False, seq=broken.seq, hash="")
    return AccessLogVerified(intact=True, seq=head.seq, hash=head.hash.hex())

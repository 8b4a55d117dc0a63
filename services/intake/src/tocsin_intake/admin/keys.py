"""The operator's edge to integrations' keys."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from tocsin_common.auth import Operator
from tocsin_common.database import Session
from tocsin_intake.integrations import service
from tocsin_intake.integrations.schemas import KeyCreated, KeyShown, NewKey, Rotation
from tocsin_intake.links import links

ITSELF = {
    "parameters": {
        "integration_id": "$request.path.integration_id",
        "key_id": "$response.body#/key_id",
    }
}

router = APIRouter(
    prefix="/v1/admin/integrations/{integration_id}/keys",
    tags=["operator"],
    dependencies=[Operator],
)


class KeyList(BaseModel):
    """An integration's newest keys."""

    data: list[KeyShown]


@router.post("", status_code=201, responses=links(201, disable_integration_key=ITSELF))
async def add_integration_key(
    integration_id: UUID, session: Session, request: Request, new: NewKey | None = None
) -> KeyCreated:
    """Give an integration another key, live or for tests. It is shown once."""
    hash_key = request.app.state.settings.hash_key
    stored, key = await service.add_key(session, hash_key, integration_id, new or NewKey())
    return KeyCreated(key_id=stored.key_id, key=key)


@router.get("")
async def list_integration_keys(integration_id: UUID, session: Session) -> KeyList:
    """List an integration's newest keys, without the keys themselves."""
    found = await service.keys_of(session, integration_id)
    return KeyList(data=[KeyShown.of(one) for one in found])


@router.post("/rotate", status_code=201, responses=links(201, disable_integration_key=ITSELF))
async def rotate_integration_keys(
    integration_id: UUID, session: Session, request: Request, asked: Rotation | None = None
) -> KeyCreated:
    """Give a new live key; those of before go on working for the overlap."""
    hash_key = request.app.state.settings.hash_key
    overlap = (asked or Rotation()).overlap
    stored, key = await service.rotate(session, hash_key, integration_id, overlap)
    return KeyCreated(key_id=stored.key_id, key=key)


@router.delete("/{key_id}", status_code=204)
async def disable_integration_key(integration_id: UUID, key_id: UUID, session: Session) -> None:
    """Refuse a key: everywhere within five seconds."""
    await service.disable_key(session, integration_id, key_id)

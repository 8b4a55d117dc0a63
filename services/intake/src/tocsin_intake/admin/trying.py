"""The operator's edge for trying a payload: what it would become, and nothing is stored."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel

from tocsin_common.auth import Operator
from tocsin_common.problems import Conflict
from tocsin_intake.adapters.known import TRANSLATORS
from tocsin_intake.adapters.payloads import Payload
from tocsin_intake.auth import KnownHotlines
from tocsin_intake.schemas import ComplaintSubmission

router = APIRouter(prefix="/v1/admin/integrations", tags=["operator"], dependencies=[Operator])


class NothingToTry(Conflict):
    """The native API takes complaints as they are."""

    code = "nothing_to_try"
    detail = "This integration uses the native API: there is nothing to translate."


class TriedChange(BaseModel):
    """A message to an earlier complaint; where none came before, a complaint of its own."""

    of: str
    words: str


class Tried(BaseModel):
    """What a payload would become. Only whoever sent it is shown its words."""

    complaints: list[ComplaintSubmission]
    changes: list[TriedChange]
    quarantined: list[str]
    """Why parts of it would be set aside."""


@router.post("/{integration_id}/try")
async def try_payload(
    integration_id: UUID,
    request: Request,
    hotlines: KnownHotlines,
    content_type: Annotated[str, Header()] = "",
) -> Tried:
    """Translate a payload as the hotline's system would send it. Nothing is stored.

    No signature is needed: the operator's key vouches for it.
    """
    hotline = await hotlines.enabled(integration_id)
    if hotline.adapter not in TRANSLATORS:
        raise NothingToTry
    payload = Payload(body=await request.body(), content_type=content_type)
    translation = TRANSLATORS[hotline.adapter](hotline, payload)
    return Tried(
        complaints=list(translation.complaints),
        changes=[TriedChange(of=one.of, words=one.words) for one in translation.changes],
        quarantined=[one.reason for one in translation.unknown],
    )

"""The edge to attachments: a body that is the file, and an id that a complaint names."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from tocsin_common.problems import NotFound
from tocsin_intake.attachments.service import UNNAMED, Attachments
from tocsin_intake.auth import Hotline
from tocsin_intake.links import links

PATH = "/v1/attachments"
MOST_BYTES = 16_000_000  # what messengers let people send

router = APIRouter(prefix=PATH, tags=["complaints"])


class AttachmentKept(BaseModel):
    """Name `attachment_id` in a complaint before it expires."""

    attachment_id: UUID
    media_type: str = Field(description="Of what was kept.", examples=["image/jpeg"])
    expires_at: datetime = Field(description="Without a complaint that names it, it goes then.")


class AttachmentsOff(NotFound):
    """There is no place to keep them."""

    code = "attachments_off"
    detail = "This installation takes no attachments; its operator can set a place for them."


async def _attachments(request: Request) -> Attachments:
    if request.app.state.attachments is None:
        raise AttachmentsOff
    return request.app.state.attachments


OurAttachments = Annotated[Attachments, Depends(_attachments)]

_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself, of up to 16 MB.",
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"},
            }
        },
    }
}


@router.post(
    "",
    status_code=201,
    openapi_extra=_BODY,
    responses=links(
        201,
        submit_complaint={"requestBody": {"attachments": ["$response.body#/attachment_id"]}},
    ),
)
async def upload_attachment(
    request: Request, hotline: Hotline, attachments: OurAttachments
) -> AttachmentKept:
    """Upload a photo or a voice note, to be named in a complaint afterwards.

    What it is, is told by its content. It is made anew from its pixels or its sound, so that
    nothing it says about itself (place, device, people) is kept; then it is sealed. What cannot
    be made anew is refused.
    """
    kept = await attachments.take(hotline.integration_id, request.stream())
    return AttachmentKept(
        attachment_id=kept.id,
        media_type=kept.media_type,
        expires_at=kept.created_at + UNNAMED,
    )

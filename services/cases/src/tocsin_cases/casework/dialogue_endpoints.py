"""Officers' edge to one complaint: take it, open its words, acknowledge, reply, set its status."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from tocsin_cases.auth import Caller, CallingOfficer, OnlyOfficers
from tocsin_cases.casework import dialogue, evidence, opening
from tocsin_cases.casework.dialogue_schemas import (
    Assignment,
    ReplySent,
    ReplyStored,
    StatusWanted,
    WordsOpened,
    WordsWanted,
)
from tocsin_cases.casework.models import Complaint
from tocsin_cases.casework.opening import Wish
from tocsin_cases.casework.schemas import ComplaintShown
from tocsin_common.conditions import etag
from tocsin_common.database import Session
from tocsin_common.pages import Page, ThisList

router = APIRouter(prefix="/v1/complaints", tags=["complaints"], dependencies=[OnlyOfficers])

NOT_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

IfMatch = Annotated[
    str | None, Header(description="The ETag of the complaint, or `*`.", examples=['"3"'])
]


@router.get("/new")
async def list_new_complaints(this: ThisList, session: Session) -> Page[ComplaintShown]:
    """List complaints that nobody has acknowledged, oldest first: codes, no words."""
    found = await dialogue.new_complaints(session, after=this.after_id, limit=this.wanted)
    return this.page([ComplaintShown.of(one) for one in found], lambda one: one.complaint_id)


@router.put("/{complaint_id}/assignment")
async def assign_complaint(
    complaint_id: UUID,
    wanted: Assignment,
    officer: CallingOfficer,
    session: Session,
    response: Response,
    if_match: IfMatch = None,
) -> ComplaintShown:
    """Give a complaint to an officer, or take it: only that officer may open its words."""
    to = wanted.officer_id or officer.officer_id
    done = await dialogue.assign(session, complaint_id, to, officer.officer_id, if_match)
    return _shown(done, response)


@router.post("/{complaint_id}/open")
async def open_words(
    complaint_id: UUID,
    wanted: WordsWanted,
    officer: CallingOfficer,
    request: Request,
) -> WordsOpened:
    """Open a complaint's words and messages, never its contact. Intake keeps a record of it."""
    wish = _wish(complaint_id, officer, wanted)
    state = request.app.state
    opened = await opening.open_words(state.database, state.asking, wish)
    return WordsOpened.model_validate(opened.model_dump())


@router.post(
    "/{complaint_id}/attachments/{attachment_id}/open",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
async def open_attachment(
    complaint_id: UUID,
    attachment_id: UUID,
    wanted: WordsWanted,
    officer: CallingOfficer,
    request: Request,
) -> Response:
    """Open a photo or recording, made anew without what it said about itself; on record at intake.

    It takes a token of its own, and counts as an opening. Nothing of it is stored here.
    """
    wish = _wish(complaint_id, officer, wanted)
    state = request.app.state
    opened = await evidence.open_attachment(state.database, state.asking, wish, attachment_id)
    headers = {"Content-Length": str(opened.size), **NOT_KEPT}
    return StreamingResponse(opened.blocks, media_type=opened.media_type, headers=headers)


@router.post("/{complaint_id}/acknowledge")
async def acknowledge_complaint(
    complaint_id: UUID, officer: CallingOfficer, session: Session, response: Response
) -> ComplaintShown:
    """Take note of a complaint, so that its receipt says so. Again changes nothing."""
    return _shown(await dialogue.acknowledge(session, complaint_id, officer.officer_id), response)


@router.post("/{complaint_id}/replies", status_code=202)
async def write_reply(
    complaint_id: UUID,
    said: ReplySent,
    officer: CallingOfficer,
    session: Session,
    request: Request,
) -> ReplyStored:
    """Answer a worker: sealed at once, so that only the vault can open it."""
    hash_key: bytes = request.app.state.settings.hash_key
    reply_id = await dialogue.reply(
        session, hash_key, complaint_id, officer.officer_id, said.words, said.reference
    )
    return ReplyStored(reply_id=reply_id)


@router.put("/{complaint_id}/status")
async def set_complaint_status(
    complaint_id: UUID,
    wanted: StatusWanted,
    officer: CallingOfficer,
    session: Session,
    response: Response,
    if_match: IfMatch = None,
) -> ComplaintShown:
    """Say how a complaint stands, as its worker is shown."""
    done = await dialogue.set_status(
        session, complaint_id, wanted.status, officer.officer_id, if_match
    )
    return _shown(done, response)


def _wish(complaint_id: UUID, officer: Caller, wanted: WordsWanted) -> Wish:
    who = officer.officer_id
    return Wish(complaint_id, who, wanted.reason, wanted.token, wanted.second_token)


def _shown(complaint: Complaint, response: Response) -> ComplaintShown:
    response.headers["ETag"] = etag(complaint.version)
    return ComplaintShown.of(complaint)

"""WhatsApp Cloud API: signed updates become complaints.

| in the update | in the complaint |
| --- | --- |
| `messages[].text.body`, a caption, a button's or list row's text | `words` |
| `messages[].interactive.nfm_reply.response_json` (a form) | its fields of the same names |
| `messages[].from`, else `from_user_id` | `source`; since 2026 the number may be absent |
| `messages[].id` with a digest of the message | `external_ref` |
| any other message | `words` say of what type it is |
| `statuses[]`, other fields | nothing |

Meta delivers at least once, in batches, sometimes twice within a second, and repeats for days
what is not answered 200; so the answer waits until everything is stored.
"""

import asyncio
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from tocsin_common.keyed import same
from tocsin_common.problems import NotAuthenticated, Problem
from tocsin_intake.auth import KnownHotlines
from tocsin_intake.endpoints import AcceptingComplaints
from tocsin_intake.schemas import ComplaintSubmission, Source

NAME = "whatsapp_cloud"
MOST_MESSAGES = 1000  # in one update; Meta sends far fewer

WORDS = (
    ("text", "body"),
    ("button", "text"),
    ("interactive", "button_reply", "title"),
    ("interactive", "list_reply", "title"),
    *((media, "caption") for media in ("image", "video", "document")),
)
FACILITY = ("os_id", "name", "address", "country")
FORM = ("words", "issues", "happened_on", "workers_affected", "immediate_danger", "language")

router = APIRouter(prefix="/v1/integrations/{integration_id}/whatsapp-cloud", tags=["adapters"])


class NotAnUpdate(Problem):
    """Whatever this is, Meta did not send it."""

    status = HTTPStatus.BAD_REQUEST
    code = "not_an_update"
    detail = "The body is not an update of the WhatsApp Cloud API."


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Value(_Lenient):
    """What changed: messages to us, or the fate of ours."""

    messages: list[dict[str, Any]] = []


class Change(_Lenient):
    """One change of one field."""

    value: Value = Value()


class Entry(_Lenient):
    """The changes of one business account."""

    changes: list[Change] = []


class Update(_Lenient):
    """What Meta posts."""

    object: str
    entry: list[Entry] = []


@router.get("", response_class=PlainTextResponse)
async def verify_whatsapp_webhook(
    integration_id: UUID,
    hotlines: KnownHotlines,
    mode: Annotated[str, Query(alias="hub.mode", max_length=50)],
    token: Annotated[str, Query(alias="hub.verify_token", max_length=300)],
    challenge: Annotated[str, Query(alias="hub.challenge", max_length=300)],
) -> str:
    """Answer Meta's handshake: the challenge, if the token is the one that was agreed."""
    hotline = await hotlines.with_id(integration_id, NAME)
    agreed = [one.whatsapp_cloud.verify_token for one in hotline.systems if one.whatsapp_cloud]
    known = any(same(token, one.get_secret_value()) for one in agreed)
    if mode != "subscribe" or not known:
        raise NotAuthenticated("The verify token is not the one this integration was given.")
    return challenge


@router.post("")
async def receive_whatsapp_update(
    integration_id: UUID, request: Request, hotlines: KnownHotlines, accepting: AcceptingComplaints
) -> dict[str, int]:
    """Accept every message of an update; answers when all of them are stored."""
    hotline = await hotlines.with_id(integration_id, NAME)
    body = await request.body()
    header = request.headers.get("x-hub-signature-256", "")
    secrets = [one.whatsapp_cloud.app_secret for one in hotline.systems if one.whatsapp_cloud]
    if not any(signed(one.get_secret_value(), body, header) for one in secrets):
        raise NotAuthenticated("The signature is not that of this integration's app.")
    hotlines.spoke(hotline)
    complaints = submissions(body)
    await asyncio.gather(*(accepting.receipt_for(hotline, one, None) for one in complaints))
    return {"received": len(complaints)}


def signed(app_secret: str, body: bytes, header: str) -> bool:
    """Check `X-Hub-Signature-256` over the bytes as they came."""
    digest = hmac.new(app_secret.encode(), body, sha256).hexdigest()
    return same(header, f"sha256={digest}")


def submissions(body: bytes) -> list[ComplaintSubmission]:
    """Translate an update into complaints.

    Raises:
        NotAnUpdate: it is not one.
    """
    try:
        update = Update.model_validate_json(body)
    except ValidationError:
        raise NotAnUpdate from None
    messages = [
        message
        for entry in update.entry
        for change in entry.changes
        for message in change.value.messages
    ]
    if len(messages) > MOST_MESSAGES:
        raise NotAnUpdate
    try:
        return [complaint_of(message) for message in messages]
    except ValidationError:  # longer than any message WhatsApp carries
        raise NotAnUpdate from None


def complaint_of(message: Mapping[str, Any]) -> ComplaintSubmission:
    """Translate one message; what has no words of its own is kept as what it is.

    Raises:
        ValidationError: it is longer than a complaint may be.
    """
    kind = _text(message, "type") or "unknown"
    common: dict[str, Any] = {
        "channel": "whatsapp",
        "external_ref": _reference(message),
        "source": _source(message),
    }
    answer = _text(message, "interactive", "nfm_reply", "response_json")
    if answer and (filled := _form(answer, common)):
        return filled
    words = answer or next(filter(None, (_text(message, *path) for path in WORDS)), None)
    return ComplaintSubmission(words=words or f"[WhatsApp message: {kind}]", **common)


def _form(answer: str, common: Mapping[str, Any]) -> ComplaintSubmission | None:
    """Read a form's answer by our own field names, or `None` when it is another form."""
    try:
        form: Any = json.loads(answer)
        facility = {
            name: form[f"facility_{name}"] for name in FACILITY if f"facility_{name}" in form
        }
        facts = {name: form[name] for name in FORM if name in form}
        if "share" in form:
            facts["consent"] = {"share": form["share"]}
        return ComplaintSubmission.model_validate({**common, "facility": facility, **facts})
    except (ValueError, TypeError, KeyError):
        return None


def _reference(message: Mapping[str, Any]) -> str:
    """Tell a message delivered twice from two messages, even under one id."""
    digest = sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()[:32]
    return f"{(_text(message, 'id') or '')[:200]}#{digest}"


def _source(message: Mapping[str, Any]) -> Source | None:
    for kind, name in (("phone", "from"), ("whatsapp_user", "from_user_id")):
        if (handle := _text(message, name)) and len(handle) <= 300:
            return Source(kind=kind, handle=handle)
    return None


def _text(message: Mapping[str, Any], *path: str) -> str | None:
    """The text at a path, if there is text."""
    found: Any = message
    for name in path:
        if not isinstance(found, Mapping):
            return None
        found = cast("Mapping[str, Any]", found).get(name)
    return found.replace("\0", "").strip() or None if isinstance(found, str) else None

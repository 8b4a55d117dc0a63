"""WhatsApp Cloud API: signed updates become complaints.

| in the update | in the complaint |
| --- | --- |
| `messages[].text.body`, a caption, a button's or list row's text | `words` |
| `messages[].interactive.nfm_reply.response_json` (a form) | its fields of the same names |
| … what a hotline attests | `words`: whoever answers may send what was not asked |
| `image`, `video`, `audio`, `voice`, `document`, `sticker` | `media` by id, fetched afterwards |
| `location`, `contacts`, `order` | `words`: the place, the cards, the note |
| `edit` of an earlier message | a message that follows it, or a complaint if it never came |
| `revoke` of an earlier message | a message that says so: who deletes may only be careful |
| `messages[].from`, else `from_user_id`, else that of `contacts[]` | `source`; often no number |
| the same, where its sender may be told that a message waits | kept only with consent to that |
| `messages[].id` | `external_ref` |
| `unsupported`, in a group, a type not known here | set aside for the hotline's officers |
| `reaction`, `system`, `request_welcome`, a call permission | nothing |
| `statuses[]`, `errors[]`, other fields (echoes, history, calls, the account) | nothing |

Meta delivers at least once, in batches, sometimes twice within a second, and repeats for days
what is not answered 200; so the answer waits until everything is stored.
"""

import hmac
import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import ValidationError

from tocsin_common.keyed import same
from tocsin_common.problems import NotAuthenticated
from tocsin_intake.adapters.changes import change_of
from tocsin_intake.adapters.payloads import (
    Change,
    Payload,
    Translation,
    Unknown,
    object_at,
    objects,
    text_at,
)
from tocsin_intake.adapters.reading import Malformed, read_json
from tocsin_intake.adapters.receiving import Receives
from tocsin_intake.auth import KnownHotlines
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.mapping.fields import tolerant
from tocsin_intake.schemas import ComplaintSubmission, Media, Source

NAME = "whatsapp_cloud"
ACCOUNT = "whatsapp_business_account"
MOST_MESSAGES = 1000  # in one update; Meta sends far fewer
NO_COMPLAINT = frozenset({"reaction", "system", "request_welcome", "group_invite"})
MEDIA = frozenset({"image", "video", "audio", "voice", "document", "sticker"})

router = APIRouter(prefix="/v1/integrations/{integration_id}/whatsapp-cloud", tags=["adapters"])


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
    integration_id: UUID, request: Request, hotlines: KnownHotlines, receiving: Receives
) -> dict[str, int]:
    """Accept every message of an update; answers when all of them are stored."""
    hotline = await hotlines.with_id(integration_id, NAME)
    body = await request.body()
    header = request.headers.get("x-hub-signature-256", "")
    secrets = [one.whatsapp_cloud.app_secret for one in hotline.systems if one.whatsapp_cloud]
    if not any(signed(one.get_secret_value(), body, header) for one in secrets):
        raise NotAuthenticated("The signature is not that of this integration's app.")
    hotlines.spoke(request, hotline)
    receipts = await receiving.take(hotline, translate(hotline, Payload(body=body)))
    return {"received": len(receipts)}


def signed(app_secret: str, body: bytes, header: str) -> bool:
    """Check `X-Hub-Signature-256` over the bytes as they came."""
    digest = hmac.new(app_secret.encode(), body, sha256).hexdigest()
    return same(header, f"sha256={digest}")


def translate(hotline: Hotline, payload: Payload) -> Translation:
    """Translate an update.

    Raises:
        Malformed: it is not one.
    """
    _ = hotline
    update = read_json(payload.body)
    if text_at(update, "object") is None:
        raise Malformed
    values = [
        change.get("value")
        for entry in objects(update, "entry")
        for change in objects(entry, "changes")
    ]
    messages = [
        _with_sender(message, value) for value in values for message in objects(value, "messages")
    ]
    if len(messages) > MOST_MESSAGES:
        raise Malformed
    found = [part for message in messages for part in _parts(message)]
    return Translation(
        complaints=[one for one in found if isinstance(one, ComplaintSubmission)],
        unknown=[one for one in found if isinstance(one, Unknown)],
        changes=[one for one in found if isinstance(one, Change)],
    )


def _parts(message: Mapping[str, Any]) -> Iterator[ComplaintSubmission | Change | Unknown]:
    kind = text_at(message, "type") or "none"
    if kind in NO_COMPLAINT or _permits_calls(message):
        return
    if text_at(message, "group_id"):
        yield Unknown("not_a_private_chat", _alone(message))
    elif part := _change(message, kind) or complaint_of(message, kind):
        yield part
    else:
        reason = "unsupported_type" if kind == "unsupported" else "unknown_type"
        yield Unknown(reason, _alone(message))


def complaint_of(message: Mapping[str, Any], kind: str) -> ComplaintSubmission | None:
    """Translate one message, or `None` if it says nothing that is known here."""
    common: dict[str, Any] = {
        "channel": "whatsapp",
        "external_ref": (text_at(message, "id") or "")[:300] or None,
        "source": _source(message),
        "media": _media(message, kind),
    }
    answer = text_at(message, "interactive", "nfm_reply", "response_json")
    found = (answer and _form(answer, common)) or None
    words = answer or _words(message, kind) or (common["media"] and f"[WhatsApp: {kind}]")
    try:
        found = found or (ComplaintSubmission(words=words, **common) if words else None)
    except ValidationError:  # longer than any message WhatsApp carries
        return None
    source = common["source"]
    return found and found.written_from(source.handle if source else None)


def _words(message: Mapping[str, Any], kind: str) -> str | None:
    match kind:
        case "text":
            return text_at(message, "text", "body")
        case "button":
            return text_at(message, "button", "text")
        case "interactive":
            reply = message.get("interactive")
            return text_at(reply, "button_reply", "title") or text_at(reply, "list_reply", "title")
        case "location":
            parts = ("name", "address", "latitude", "longitude", "url")
            return _joined("location", [text_at(message, "location", one) for one in parts])
        case "contacts":
            return _joined("contact", [_card(one) for one in objects(message, "contacts")])
        case "order":
            return _joined("order", [text_at(message, "order", "text") or "no note"])
        case _:
            return text_at(message, kind, "caption") if kind in MEDIA else None


def _media(message: Mapping[str, Any], kind: str) -> tuple[Media, ...]:
    """Where its file lies at Meta: by id; the address beside it is good for minutes only."""
    reference = text_at(message, kind, "id")
    if kind not in MEDIA or not reference or len(reference) > 300:
        return ()
    content_type = (text_at(message, kind, "mime_type") or "")[:300] or None
    digest = (text_at(message, kind, "sha256") or "")[:300] or None
    return (Media(kind=kind, reference=reference, content_type=content_type, digest=digest),)


def _change(message: Mapping[str, Any], kind: str) -> Change | None:
    """What an edit or a deletion means; an edit that does not say of what is its own message."""
    own = (text_at(message, "id") or "")[:300]
    of = (text_at(message, kind, "original_message_id") or "")[:300]
    payload = _alone(message)
    if kind == "revoke" and of:
        return Change(of, own, "[WhatsApp: deleted by its sender]", None, payload)
    if kind != "edit":
        return None
    inner = object_at(message, "edit", "message")
    edited = complaint_of({**message, **inner, "id": own}, text_at(inner, "type") or "none")
    return change_of(edited, of or own, own, payload) if edited and own else None


def _permits_calls(message: Mapping[str, Any]) -> bool:
    return text_at(message, "interactive", "type") == "call_permission_reply"


def _form(answer: str, common: Mapping[str, Any]) -> ComplaintSubmission | None:
    """Read a form's answer by our own field names, or `None` when it is another form."""
    try:
        form = object_at(read_json(answer.encode()))
    except Malformed:
        return None
    return tolerant(form, **common) if "words" in form else None


def _card(card: Mapping[str, Any]) -> str:
    phones = [text_at(one, "phone") for one in objects(card, "phones")]
    return " ".join(filter(None, (text_at(card, "name", "formatted_name"), *phones)))


def _joined(what: str, parts: list[str | None]) -> str | None:
    said = ", ".join(filter(None, parts))
    return f"[{what}: {said}]" if said else None


def _source(message: Mapping[str, Any]) -> Source | None:
    for kind, name in (("phone", "from"), ("whatsapp_user", "from_user_id")):
        if (handle := text_at(message, name)) and len(handle) <= 300:
            return Source(kind=kind, handle=handle)
    return None


def _with_sender(message: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
    """Who sent it, where only the list of contacts says so, and has just one."""
    contacts = objects(value, "contacts")
    if len(contacts) != 1 or _source(message):
        return message
    sender = contacts[0].get("wa_id"), contacts[0].get("user_id")
    return {**message, "from": sender[0], "from_user_id": sender[1]}


def _alone(message: Mapping[str, Any]) -> Payload:
    """An update with this one message, to be read again by a later version."""
    change = {"field": "messages", "value": {"messages": [message]}}
    update = {"object": ACCOUNT, "entry": [{"changes": [change]}]}
    return Payload(body=json.dumps(update, ensure_ascii=False).encode())

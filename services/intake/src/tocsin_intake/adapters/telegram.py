"""Telegram bots: updates become complaints.

| in the update | in the complaint |
| --- | --- |
| `message`, `business_message`: `text`, `caption` | `words` |
| their edited forms | a message that follows the one that was edited |
| `callback_query.data` (a button) | `words` |
| `location`, `venue`, `contact`, `poll`, `checklist` | `words`: the place, the card, the points |
| `photo` (the largest), `voice`, `audio`, `video`, `document`, … | `media` by file id |
| `from.id`, else `chat.id` | `source`; names are not taken |
| `chat.id`, where its sender may be told that a message waits | kept only with consent to that |
| `from.language_code` | `language` |
| chat, `message_id` and `date`; of a button `update_id` | `external_ref` |
| an album: up to ten updates with one `media_group_id` | the first to come; others follow it |
| `/start` and other bare commands, what is said in channels or about members, reactions | nothing |
| a message in a group, one without content, an update not known here | set aside |

Telegram shows the secret that was given to `setWebhook` and repeats what is not answered 2xx.
Where the hotline chose an answer, the receipt goes back into the chat in it.
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
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

NAME = "telegram"
EDITED = ("edited_message", "edited_business_message")
MESSAGES = ("message", "business_message", *EDITED)
NO_COMPLAINT = frozenset(
    {"channel_post", "edited_channel_post", "my_chat_member", "chat_member", "chat_join_request"}
    | {"message_reaction", "message_reaction_count", "chat_boost", "removed_chat_boost"}
    | {"inline_query", "chosen_inline_result", "business_connection", "deleted_business_messages"}
    | {"shipping_query", "pre_checkout_query", "purchased_paid_media", "poll", "poll_answer"}
)
ABOUT_THE_CHAT = frozenset(
    {"new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo"}
    | {"delete_chat_photo", "group_chat_created", "pinned_message", "migrate_to_chat_id"}
    | {"message_auto_delete_timer_changed", "write_access_allowed", "chat_background_set"}
)
FILES = ("voice", "audio", "video", "video_note", "animation", "document", "sticker")
BARE_COMMAND = re.compile(r"^/[A-Za-z0-9_]{1,32}(@\w+)?$")

router = APIRouter(prefix="/v1/integrations/{integration_id}/telegram", tags=["adapters"])


@router.post("")
async def receive_telegram_update(
    integration_id: UUID, request: Request, hotlines: KnownHotlines, receiving: Receives
) -> dict[str, Any]:
    """Accept an update; answers when it is stored, where wanted with a message to the chat."""
    hotline = await hotlines.with_id(integration_id, NAME)
    shown = request.headers.get("x-telegram-bot-api-secret-token", "")
    ours = [one.telegram for one in hotline.systems if one.telegram]
    if not any(same(shown, one.secret_token.get_secret_value()) for one in ours):
        raise NotAuthenticated("The secret token is not the one this integration was given.")
    hotlines.spoke(request, hotline)
    payload = Payload(body=await request.body())
    receipts = await receiving.take(hotline, translate(hotline, payload))
    receipt = next((one.receipt for one in receipts if one.receipt), None)
    if not receipt or not ours[0].answer:
        return {}
    update = object_at(read_json(payload.body))
    chat = next(filter(None, (text_at(update, *path, "chat", "id") for path in _places())), None)
    text = ours[0].answer.replace("{receipt}", receipt)
    return {"method": "sendMessage", "chat_id": chat, "text": text} if chat else {}


def translate(hotline: Hotline, payload: Payload) -> Translation:
    """Translate one update.

    Raises:
        Malformed: it is none.
    """
    _ = hotline
    update = object_at(read_json(payload.body))
    if not (number := text_at(update, "update_id")):
        raise Malformed
    if pressed := object_at(update, "callback_query"):
        words = text_at(pressed, "data")
        complaint = words and _complaint(pressed, number, words, ())
        return _translated(complaint or None, "button_without_data", payload)
    message = next(filter(None, (object_at(update, name) for name in MESSAGES)), None)
    if not message:
        known = bool(NO_COMPLAINT & update.keys())
        return Translation() if known else _translated(None, "unknown_update", payload)
    if _says_nothing(message):
        return Translation()
    if text_at(message, "chat", "type") not in (None, "private"):
        return _translated(None, "not_a_private_chat", payload)
    media = _media(message)
    words = _words(message) or (f"[Telegram: {media[0].kind}]" if media else "")
    own, album = _reference(message), _album(message)
    complaint = _complaint(message, own, words, media) if words else None
    if complaint and any(object_at(update, name) for name in EDITED):
        return Translation(changes=[change_of(complaint, album or own, number[:300], payload)])
    if complaint and album:
        alone = complaint.model_copy(update={"external_ref": album})
        change = Change(album, own, _words(message) or "", alone, payload, part=True)
        return Translation(changes=[change])
    return _translated(complaint, "unknown_message", payload)


def _reference(message: Mapping[str, Any]) -> str:
    """What an edit of it says as well; an update's number is another each time."""
    places = (("chat", "id"), ("message_id",), ("date",))
    return ":".join(text_at(message, *path) or "" for path in places)[:300]


def _album(message: Mapping[str, Any]) -> str | None:
    """What all posts of an album say: up to ten are sent at once, and come one by one."""
    group = text_at(message, "media_group_id")
    return f"{text_at(message, 'chat', 'id') or ''}:album:{group}"[:300] if group else None


def _places() -> list[tuple[str, ...]]:
    return [*((name,) for name in MESSAGES), ("callback_query", "message")]


def _translated(
    complaint: ComplaintSubmission | None, otherwise: str, payload: Payload
) -> Translation:
    if complaint:
        return Translation([complaint])
    return Translation(unknown=[Unknown(otherwise, payload)])


def _says_nothing(message: Mapping[str, Any]) -> bool:
    bot = object_at(message, "from").get("is_bot") is True
    command = BARE_COMMAND.fullmatch(text_at(message, "text") or "")
    return bot or bool(command) or bool(ABOUT_THE_CHAT & message.keys())


def _complaint(
    said: Mapping[str, Any], reference: str, words: str, media: tuple[Media, ...]
) -> ComplaintSubmission | None:
    sender = text_at(said, "from", "id") or text_at(said, "chat", "id")
    source = Source(kind="telegram", handle=sender[:300]) if sender else None
    flat = {"words": words, "external_ref": reference[:300], "channel": "telegram"}
    language = text_at(said, "from", "language_code")
    try:
        complaint = tolerant(flat, source=source, media=media, **_language(language))
    except ValidationError:
        return None
    return complaint and complaint.written_from(_address(said))


def _address(said: Mapping[str, Any]) -> str | None:
    """The chat, and the connection by which a bot answers for a business account."""
    message = object_at(said, "message") or said
    chat = text_at(message, "chat", "id") or text_at(said, "from", "id")
    parts = (chat, text_at(message, "business_connection_id"))
    return " ".join(filter(None, parts))[:300] if chat else None


def _language(code: str | None) -> dict[str, str]:
    fits = code and re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", code)
    return {"language": code} if code and fits else {}


def _words(message: Mapping[str, Any]) -> str | None:
    if plain := text_at(message, "text") or text_at(message, "caption"):
        return plain
    place = {**object_at(message, "venue"), **object_at(message, "location")}
    place |= object_at(message, "venue", "location")
    card = object_at(message, "contact")
    parts = {
        "location": [text_at(place, one) for one in ("title", "address", "latitude", "longitude")],
        "contact": [text_at(card, one) for one in ("first_name", "last_name", "phone_number")],
        "poll": [text_at(message, "poll", "question")],
        "checklist": [text_at(message, "checklist", "title"), *_points(message)],
    }
    for what, found in parts.items():
        if said := ", ".join(filter(None, found)):
            return f"[{what}: {said}]"
    return None


def _points(message: Mapping[str, Any]) -> list[str | None]:
    return [text_at(one, "text") for one in objects(message, "checklist", "tasks")]


def _media(message: Mapping[str, Any]) -> tuple[Media, ...]:
    sizes = objects(message, "photo")
    if sizes and (largest := text_at(sizes[-1], "file_id")):
        return (Media(kind="image", reference=largest[:2000], content_type="image/jpeg"),)
    for kind in FILES:
        if file_id := text_at(message, kind, "file_id"):
            content_type = (text_at(message, kind, "mime_type") or "")[:300] or None
            return (Media(kind=kind, reference=file_id[:2000], content_type=content_type),)
    return ()

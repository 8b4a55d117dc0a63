"""Twilio SMS, WhatsApp and voice: signed forms become complaints, answered in TwiML.

| in the form | in the complaint |
| --- | --- |
| `Body`, `ButtonText`, `ListTitle`, `InteractiveData` | `words` of a message |
| `SpeechResult`, `TranscriptionText`, `Digits` | `words` of a call |
| what comes later of the same call (keys, speech, the transcript) | messages that follow it |
| `Latitude`, `Longitude`, `Address`, `Label` | `words`: the place |
| `MediaUrl0` …, `RecordingUrl` | `media` by address, fetched afterwards |
| `From`, else `ExternalUserId` | `source`; a hidden number is none |
| the same of a message, where its sender may be told that one waits | only with consent to that |
| `MessageSid`, else `CallSid` | `external_ref` |
| a recording that is ready | nothing where the call is a complaint, else `media` |
| status callbacks, recordings under way, transcripts that failed, `OptOutType` | nothing |
| anything else | set aside for the hotline's officers |

Twilio repeats nothing unless its address says so, so everything signed is answered 200 once it is
stored. The answer carries the receipt in the hotline's own neutral words.
"""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from tocsin_common.problems import NotAuthenticated
from tocsin_intake.adapters import twiml
from tocsin_intake.adapters.changes import change_of
from tocsin_intake.adapters.payloads import (
    Change,
    Payload,
    Translation,
    Unknown,
    object_at,
    text_at,
)
from tocsin_intake.adapters.reading import Malformed, clean_text, read_json
from tocsin_intake.adapters.receiving import Receives
from tocsin_intake.adapters.sent_along import media_at
from tocsin_intake.adapters.twilio_signature import Pairs, signed
from tocsin_intake.auth import KnownHotlines
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.integrations.systems import Twilio
from tocsin_intake.schemas import ComplaintSubmission, Media, Source

NAME = "twilio"
MOST_FIELDS = 300
MOST_MEDIA = 10  # Twilio's own limit
RECEIVED = (None, "received", "receiving")
HIDDEN = frozenset(
    {"anonymous", "restricted", "unavailable", "unknown", "private", "blocked"}
    | {"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"}  # the same on a keypad
)
CONTENT_OF_CALL = ("SpeechResult", "TranscriptionText", "Digits", "RecordingUrl")

router = APIRouter(prefix="/v1/integrations/{integration_id}/twilio", tags=["adapters"])


@router.post("", response_class=Response, responses={200: {"content": {"text/xml": {}}}})
async def receive_from_twilio(
    integration_id: UUID, request: Request, hotlines: KnownHotlines, receiving: Receives
) -> Response:
    """Accept a message or a call; answers in TwiML, with the receipt, when it is stored."""
    hotline = await hotlines.with_id(integration_id, NAME)
    payload = Payload(
        body=await request.body(), content_type=request.headers.get("content-type", "")
    )
    ours = [one.twilio for one in hotline.systems if one.twilio]
    if not any(_is_signed(one, request, payload) for one in ours):
        raise NotAuthenticated("The signature is not that of this integration's account.")
    hotlines.spoke(request, hotline)
    form = _form(payload)
    if _just_rings(form):
        return twiml.answer(twiml.record(ours[0].greeting, ours[0].language))
    receipts = await receiving.take(hotline, translate(hotline, payload))
    receipt = next((one.receipt for one in receipts if one.receipt), None)
    spoken = _is_call(form)
    return twiml.answer(twiml.receipt(ours[0].answer, receipt, ours[0].language, spoken=spoken))


def translate(hotline: Hotline, payload: Payload) -> Translation:
    """Translate one form or JSON object.

    Raises:
        Malformed: it is neither.
    """
    _ = hotline
    form = _form(payload)
    if _is_no_complaint(form):
        return Translation()
    if _is_call(form):
        if change := _call(form, payload):
            return Translation(changes=[change])
    elif complaint := _message(form):
        return Translation([complaint])
    return Translation(unknown=[Unknown("unknown_form", payload)])


def _is_signed(ours: Twilio, request: Request, payload: Payload) -> bool:
    query = f"?{request.url.query}" if request.url.query else ""
    return signed(
        ours.auth_token.get_secret_value(),
        ours.public_url.rstrip("/") + request.url.path + query,
        () if _is_json(payload) else _pairs(payload.body),
        payload.body,
        request.headers.get("x-twilio-signature", ""),
    )


def _is_json(payload: Payload) -> bool:
    return payload.content_type.partition(";")[0].strip().lower() == "application/json"


def _pairs(body: bytes) -> Pairs:
    try:
        text = body.decode()
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace")
    except ValueError:
        raise Malformed from None


def _form(payload: Payload) -> Mapping[str, Any]:
    if _is_json(payload):
        return object_at(read_json(payload.body))
    return {key: clean_text(value) for key, value in _pairs(payload.body)}


def _is_call(form: Mapping[str, Any]) -> bool:
    return "CallSid" in form and "MessageSid" not in form


def _just_rings(form: Mapping[str, Any]) -> bool:
    fresh = text_at(form, "CallStatus") in ("ringing", "in-progress")
    return _is_call(form) and fresh and not any(text_at(form, one) for one in CONTENT_OF_CALL)


def _is_no_complaint(form: Mapping[str, Any]) -> bool:
    """What tells how messages and calls of others fared, and what Twilio answers itself."""
    if _is_call(form):
        if text_at(form, "TranscriptionStatus") and not text_at(form, "TranscriptionText"):
            return True
        if recording := text_at(form, "RecordingStatus"):
            return recording != "completed"
        said = any(text_at(form, one) for one in CONTENT_OF_CALL)
        return not said and text_at(form, "CallStatus") is not None
    status = text_at(form, "MessageStatus") or text_at(form, "SmsStatus")
    return status not in RECEIVED or text_at(form, "OptOutType") is not None


def _message(form: Mapping[str, Any]) -> ComplaintSubmission | None:
    sid = text_at(form, "MessageSid") or text_at(form, "SmsSid")
    media = _media(form)
    words = (
        text_at(form, "Body")
        or text_at(form, "ButtonText")
        or text_at(form, "ListTitle")
        or _place(form)
        or text_at(form, "InteractiveData")
        or (media and "[message without words]")
    )
    channel = (text_at(form, "From") or text_at(form, "ExternalUserId") or "").partition(":")
    kind = channel[0] if channel[1] else "sms"
    found = _complaint(form, sid, words, media, kind) if sid and words else None
    sender = text_at(form, "From") or text_at(form, "ExternalUserId")
    return found and found.written_from(sender[:300] if sender and found.source else None)


def _call(form: Mapping[str, Any], payload: Payload) -> Change | None:
    """One step of a call: the first is the complaint, the others follow it."""
    sid, recording = text_at(form, "CallSid"), text_at(form, "RecordingUrl")
    words = text_at(form, "SpeechResult") or text_at(form, "TranscriptionText")
    if not words and not recording and (digits := text_at(form, "Digits")):
        words = f"[keys pressed: {digits}]"
    media = (Media(kind="voice", reference=recording[:2000]),) if recording else ()
    told = words or (media and "[voice recording]")
    complaint = _complaint(form, sid, told, media, "phone") if sid and told else None
    if not complaint or not sid:
        return None
    own = text_at(form, "TranscriptionSid") or text_at(form, "RecordingSid")
    change = change_of(complaint, sid, own or sha256(payload.body).hexdigest(), payload)
    is_news = words or not text_at(form, "RecordingStatus")
    return change if is_news else replace(change, words="", part=True)


def _complaint(
    form: Mapping[str, Any], sid: str | None, words: Any, media: tuple[Media, ...], channel: str
) -> ComplaintSubmission | None:
    try:
        return ComplaintSubmission(
            words=words, external_ref=sid, source=_source(form), media=media, channel=channel
        )
    except ValidationError:  # longer than anything Twilio carries
        return None


def _media(form: Mapping[str, Any]) -> tuple[Media, ...]:
    return media_at(
        (text_at(form, f"MediaUrl{number}"), text_at(form, f"MediaContentType{number}"))
        for number in range(MOST_MEDIA)
    )


def _place(form: Mapping[str, Any]) -> str | None:
    names = ("Label", "Address", "Latitude", "Longitude")
    parts = [text_at(form, name) for name in names]
    return f"[location: {', '.join(filter(None, parts))}]" if any(parts) else None


def _source(form: Mapping[str, Any]) -> Source | None:
    """A number is a number, by whichever way it came; other handles keep their kind."""
    handle = text_at(form, "From") or text_at(form, "Caller")
    if handle and handle.lower() in HIDDEN:
        return None
    kind, _, rest = (handle or text_at(form, "ExternalUserId") or "").rpartition(":")
    if not rest or len(rest) > 300:
        return None
    if kind in ("", "whatsapp") and rest.lstrip("+").isdecimal():
        return Source(kind="phone", handle=rest)
    return Source(
        kind=f"{kind}_user" if kind in ("whatsapp", "messenger") else "handle", handle=rest
    )

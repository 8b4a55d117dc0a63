"""RapidPro and TextIt: a flow's webhook becomes a complaint, answered so that the flow can go on.

| in the body | in the complaint |
| --- | --- |
| `results.<name>` named like a field, or as the integration's `fields` say | that field |
| without `words`: `input.text`, else every other result | `words` |
| `contact.urn`, else `contact.uuid` | `source` |
| `contact.language` | `language` |
| `input.attachments[]` | `media` by address, fetched by nobody yet |
| `run.uuid` and the last step of `path`, else a digest of the body | `external_ref` |
| a body without results and input | set aside for the hotline's officers |

A flow waits for the answer and never sends again; it shows an API key in a header. The answer is
`{reference, receipt, message}`, which the flow reads as `@webhook.message` and texts on.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from tocsin_common.problems import NotFound
from tocsin_intake.adapters.payloads import (
    Payload,
    Translation,
    Unknown,
    list_at,
    object_at,
    text_at,
)
from tocsin_intake.adapters.reading import read_json
from tocsin_intake.adapters.receiving import Receives
from tocsin_intake.auth import Hotline as CallingHotline
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.integrations.systems import Flow
from tocsin_intake.mapping.fields import FIELDS, tolerant
from tocsin_intake.schemas import Media, Source

NAME = "rapidpro"
MOST_MEDIA = 30
LANGUAGES = {
    "ben": "bn", "eng": "en", "fra": "fr", "hin": "hi", "ind": "id", "khm": "km", "msa": "ms",
    "mya": "my", "nep": "ne", "por": "pt", "spa": "es", "tam": "ta", "tgl": "tl", "tha": "th",
    "urd": "ur", "vie": "vi", "zho": "zh",
}  # fmt: skip
"""RapidPro writes ISO 639-3; where there is a shorter code, BCP 47 wants that one."""

router = APIRouter(prefix="/v1/integrations/{integration_id}/rapidpro", tags=["adapters"])


class FlowAnswer(BaseModel):
    """What the flow reads; empty where there is nothing to tell."""

    reference: UUID | None
    receipt: str | None
    message: str


@router.post("")
async def receive_from_rapidpro(
    integration_id: UUID, request: Request, hotline: CallingHotline, receiving: Receives
) -> FlowAnswer:
    """Accept what a flow gathered; answers with the receipt when it is stored."""
    if (hotline.integration_id, hotline.adapter) != (integration_id, NAME):
        raise NotFound
    payload = Payload(body=await request.body())
    receipts = await receiving.take(hotline, translate(hotline, payload))
    if not receipts or not receipts[0].receipt:
        reference = receipts[0].complaint_id if receipts else None
        return FlowAnswer(reference=reference, receipt=None, message="")
    [receipt] = receipts
    message = _flow(hotline).answer.replace("{receipt}", receipt.receipt or "")
    return FlowAnswer(reference=receipt.complaint_id, receipt=receipt.receipt, message=message)


def translate(hotline: Hotline, payload: Payload) -> Translation:
    """Translate what one step of a flow sent.

    Raises:
        Malformed: it is no JSON.
    """
    body = object_at(read_json(payload.body))
    results = {name: _value(body, name) for name in object_at(body, "results")}
    mapped = {field: results.get(place) for field, place in _flow(hotline).fields.items()}
    flat = {name: value for name, value in {**results, **mapped}.items() if value}
    if "words" not in flat:
        others = [f"{name}: {value}" for name, value in flat.items() if name not in FIELDS]
        flat["words"] = text_at(body, "input", "text") or "\n".join(others)
    media = _media(body)
    if not flat["words"] and media:
        flat["words"] = "[message without words]"
    language = text_at(body, "contact", "language") or ""
    flat.setdefault("language", LANGUAGES.get(language.lower(), language))
    complaint = flat["words"] and tolerant(
        flat | {"external_ref": _reference(body, payload.body)},
        source=_source(body),
        media=media,
    )
    if not complaint:
        return Translation(unknown=[Unknown("nothing_said", payload)])
    return Translation([complaint])


def _flow(hotline: Hotline) -> Flow:
    return hotline.system.rapidpro or Flow()


def _value(body: Mapping[str, Any], name: str) -> str | None:
    """What was answered: the words as typed for fields of words, else the category's value."""
    answered = object_at(body, "results", name)
    plain = text_at(body, "results", name)  # some flows send results without their wrapping
    return text_at(answered, "value") or text_at(answered, "input") or plain


def _reference(body: Mapping[str, Any], raw: bytes) -> str:
    run = text_at(body, "run", "uuid")
    if not run:
        return f"sha256:{sha256(raw).hexdigest()}"
    steps = list_at(body, "path")
    return f"{run}:{text_at(steps[-1], 'node_uuid') or len(steps)}"[:300] if steps else run[:300]


def _source(body: Mapping[str, Any]) -> Source | None:
    """The number or account the contact writes from; its id in RapidPro where that is hidden."""
    urn = text_at(body, "contact", "urn") or text_at(body, "input", "urn", "identity") or ""
    scheme, _, path = urn.partition("?")[0].partition("#")[0].partition(":")
    if path and len(path) <= 300:
        phone = scheme == "tel" or (scheme == "whatsapp" and path.isdecimal())
        kind = "phone" if phone else scheme if scheme.isalpha() and scheme.islower() else "handle"
        return Source(kind=kind[:32], handle=path)
    uuid = text_at(body, "contact", "uuid")
    return Source(kind="rapidpro", handle=uuid[:300]) if uuid else None


def _media(body: Mapping[str, Any]) -> tuple[Media, ...]:
    """Attachments, as objects or in the short form `image/jpeg:https://…`."""
    found: list[Media] = []
    for one in list_at(body, "input", "attachments"):
        content_type, url = text_at(one, "content_type"), text_at(one, "url")
        if isinstance(one, str):
            content_type, _, url = one.partition(":")
        if url:
            kind = (content_type or "").partition("/")[0]
            kind = kind if kind in ("image", "audio", "video", "geo") else "file"
            found.append(Media(kind=kind, reference=url[:2000], content_type=content_type or None))
    return tuple(found[:MOST_MEDIA])

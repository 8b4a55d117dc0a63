"""RapidPro and TextIt: a flow's webhook becomes a complaint, answered so that the flow can go on.

| in the body | in the complaint |
| --- | --- |
| `results.<name>` named like a field, or as the integration's `fields` say | that field |
| what a hotline attests, only as the integration's `fields` say | that field, else `words` |
| … its `input` | for words; they are longer than its `value` |
| … its `category` | for a yes or no that its `value` does not say |
| without `words`: `input.text`, else every other result | `words` |
| `contact.urn`, else `input.urn`, else `contact.uuid` | `source` |
| `contact.uuid`, else its URN, where it may be told that a message waits | only with consent |
| `contact.language` | `language` |
| `input.attachments[]` | `media` by address; of kind `geo`: `words` |
| `run.uuid` and the last step of `path`, else a digest of the body and the day | `external_ref` |
| a form (`values`, `text`, `urn`, `run`, `step`), as flows sent before 2019 | the same |
| a body without results and input | set aside for the hotline's officers |

A flow waits for the answer and never sends again; it shows an API key in a header. The answer is
`{reference, receipt, message}`, which the flow reads as `@webhook.message` and texts on. The body
that the editor proposes has no `run`: with `"run": object("uuid", run.uuid)` added, one run is
one complaint.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from tocsin_common.problems import NotFound
from tocsin_intake.adapters import rapidpro_form
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
from tocsin_intake.adapters.sent_along import media_at
from tocsin_intake.auth import Hotline as CallingHotline
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.integrations.systems import Flow
from tocsin_intake.mapping.fields import FIELDS, NO, YES, YES_OR_NO, tolerant
from tocsin_intake.schemas import Source

NAME = "rapidpro"
YES_OR_NO_FIELDS = YES_OR_NO | {"share"}
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LANGUAGES = {
    "ben": "bn", "eng": "en", "fra": "fr", "hin": "hi", "ind": "id", "khm": "km", "msa": "ms",
    "mya": "my", "nep": "ne", "por": "pt", "spa": "es", "tam": "ta", "tgl": "tl", "tha": "th",
    "urd": "ur", "vie": "vi", "zho": "zh",
}  # fmt: skip
"""RapidPro writes ISO 639-3; where there is a shorter code, BCP 47 wants that one."""

PLACE = "geo"
"""The kind of an attachment that is no file: its address is a latitude and a longitude."""
SCHEME = re.compile(r"[a-z]{2,32}")

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
    payload = Payload(
        body=await request.body(),
        content_type=request.headers.get("content-type", ""),
        received_on=datetime.now(UTC).date(),
    )
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
        Malformed: it is neither JSON nor a form.
    """
    body = _body(payload)
    wanted = {name: name for name in object_at(body, "results")} | dict(_flow(hotline).fields)
    answered = {field: _value(body, place, field) for field, place in wanted.items()}
    flat = {name: value for name, value in answered.items() if value}
    if "words" not in flat:
        others = [f"{name}: {value}" for name, value in flat.items() if name not in FIELDS]
        flat["words"] = text_at(body, "input", "text") or "\n".join(others)
    sent_along = _sent_along(body)
    places = [f"[location: {place}]" for place, kind in sent_along if kind == PLACE and place]
    flat["words"] = "\n".join(filter(None, (flat["words"], *places)))
    media = media_at(one for one in sent_along if one[1] != PLACE)
    if not flat["words"] and media:
        flat["words"] = "[message without words]"
    language = text_at(body, "contact", "language") or ""
    flat.setdefault("language", LANGUAGES.get(language.lower(), language))
    complaint = flat["words"] and tolerant(
        flat | {"external_ref": _reference(body, payload)},
        mapped=_flow(hotline).fields,
        source=_source(body),
        media=media,
    )
    if not complaint:
        return Translation(unknown=[Unknown("nothing_said", payload)])
    return Translation([complaint.written_from(_address(body))])


def _flow(hotline: Hotline) -> Flow:
    return hotline.system.rapidpro or Flow()


def _body(payload: Payload) -> Mapping[str, Any]:
    kind = payload.content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return rapidpro_form.read(payload.body)
    return object_at(read_json(payload.body))


def _value(body: Mapping[str, Any], name: str, field: str) -> str | None:
    """What was answered: the words as they were typed, else the value that was understood."""
    answered = object_at(body, "results", name)
    plain = text_at(body, "results", name)  # some flows send results without their wrapping
    value, typed = text_at(answered, "value"), text_at(answered, "input")
    category = text_at(answered, "category") or ""
    if field in YES_OR_NO_FIELDS and category.lower() in YES | NO:
        return category
    return (typed or value or plain) if field == "words" else (value or typed or plain)


def _reference(body: Mapping[str, Any], payload: Payload) -> str:
    run = text_at(body, "run", "uuid")
    if not run:
        day = f":{payload.received_on}" if payload.received_on else ""
        return f"sha256:{sha256(payload.body).hexdigest()}{day}"
    steps = list_at(body, "path")
    return f"{run}:{text_at(steps[-1], 'node_uuid') or len(steps)}"[:300] if steps else run[:300]


def _source(body: Mapping[str, Any]) -> Source | None:
    """The number or account the contact writes from; its id in RapidPro where that is hidden."""
    written = text_at(body, "contact", "urn") or text_at(body, "input", "urn") or ""
    scheme, _, path = written.partition("?")[0].partition("#")[0].partition(":")
    if not path:
        scheme = text_at(body, "input", "urn", "scheme") or ""
        path = text_at(body, "input", "urn", "path") or ""
    if (path := path.strip()) and len(path) <= 300:
        phone = scheme == "tel" or (scheme == "whatsapp" and path.isdecimal())
        kind = "phone" if phone else scheme if SCHEME.fullmatch(scheme) else "handle"
        return Source(kind=kind, handle=path)
    uuid = text_at(body, "contact", "uuid")
    return Source(kind="rapidpro", handle=uuid[:300]) if uuid else None


def _address(body: Mapping[str, Any]) -> str | None:
    """The contact's id there, which identifies less than a number; else the number or account."""
    uuid = text_at(body, "contact", "uuid") or ""
    if UUID_FORM.fullmatch(uuid):
        return uuid
    source = _source(body)
    written = (text_at(body, "contact", "urn") or text_at(body, "input", "urn") or "")[:300]
    if written or not source or source.kind != "phone":
        return written.partition("?")[0].partition("#")[0] or None
    return f"tel:{source.handle}"


def _sent_along(body: Mapping[str, Any]) -> list[tuple[str | None, str | None]]:
    """Attachments, as objects or in the short form `image/jpeg:https://…`: address and kind."""
    found: list[tuple[str | None, str | None]] = []
    for one in list_at(body, "input", "attachments"):
        if isinstance(one, str):
            content_type, _, url = one.partition(":")
            found.append((url, content_type))
        else:
            found.append((text_at(one, "url"), text_at(one, "content_type")))
    return found

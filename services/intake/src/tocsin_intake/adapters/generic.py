"""Any system that posts JSON: mapped by JMESPath, signed by Standard Webhooks.

| in the integration's settings | in the complaint |
| --- | --- |
| `mapping.<field>` | the flat field of that name, from what the expression finds |
| `items` | several complaints from one body |
| `ignore` | nothing, where it is true |
| `media` | `media` by address, fetched afterwards from the hosts that are named |
| `mapping.external_ref`, else `webhook-id` | `external_ref` |
| no `words` found | set aside for the hotline's officers |

Senders repeat what is not answered 2xx, with the same `webhook-id`.
"""

import time
from typing import Any, cast
from uuid import UUID

from fastapi import APIRouter, Request

from tocsin_common.problems import NotAuthenticated
from tocsin_intake.adapters import standard_webhooks
from tocsin_intake.adapters.payloads import Payload, Translation, Unknown
from tocsin_intake.adapters.reading import read_json
from tocsin_intake.adapters.receiving import Receives
from tocsin_intake.auth import KnownHotlines
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.integrations.systems import Generic
from tocsin_intake.mapping import expressions
from tocsin_intake.mapping.fields import tolerant
from tocsin_intake.schemas import ComplaintSubmission, Media

NAME = "generic"
MOST_ITEMS = 500
MOST_MEDIA = 30  # of one complaint
LONGEST_ADDRESS = 2000

router = APIRouter(prefix="/v1/integrations/{integration_id}/generic", tags=["adapters"])


@router.post("")
async def receive_generic(
    integration_id: UUID, request: Request, hotlines: KnownHotlines, receiving: Receives
) -> dict[str, int]:
    """Accept what the mapping finds; answers when all of it is stored."""
    hotline = await hotlines.with_id(integration_id, NAME)
    message_id = request.headers.get("webhook-id", "")[:300]
    payload = Payload(body=await request.body(), message_id=message_id)
    ours = [one.generic for one in hotline.systems if one.generic]
    if not any(_is_signed(one, request, payload) for one in ours):
        raise NotAuthenticated("The signature is not that of this integration's secret.")
    hotlines.spoke(request, hotline)
    receipts = await receiving.take(hotline, translate(hotline, payload))
    return {"received": len(receipts)}


def translate(hotline: Hotline, payload: Payload) -> Translation:
    """Map one body.

    Raises:
        Malformed: it is no JSON.
    """
    body = read_json(payload.body)
    ours = hotline.system.generic
    if not ours:
        return Translation(unknown=[Unknown("no_mapping", payload)])
    if ours.ignore and expressions.find(ours.ignore, body):
        return Translation()
    items = expressions.find(ours.items, body) if ours.items else [body]
    listed = cast("list[Any]", items) if isinstance(items, list) else []
    if not 0 < len(listed) <= MOST_ITEMS:
        return Translation(unknown=[Unknown("no_items", payload)])
    found = [
        _complaint(ours, item, _own_reference(payload, place, len(listed)))
        for place, item in enumerate(listed)
    ]
    complaints = [one for one in found if one]
    if len(complaints) < len(found):  # kept whole: replayed, the others are repeats
        return Translation(complaints, [Unknown("nothing_said", payload)])
    return Translation(complaints)


def _is_signed(ours: Generic, request: Request, payload: Payload) -> bool:
    return standard_webhooks.signed(
        ours.secret.get_secret_value(),
        request.headers.get("webhook-id", ""),
        request.headers.get("webhook-timestamp", ""),
        payload.body,
        request.headers.get("webhook-signature", ""),
        time.time(),
    )


def _own_reference(payload: Payload, place: int, of: int) -> str | None:
    if not payload.message_id:
        return None
    return payload.message_id if of == 1 else f"{payload.message_id[:290]}/{place}"


def _complaint(ours: Generic, item: Any, reference: str | None) -> ComplaintSubmission | None:
    found = {field: expressions.find(one, item) for field, one in ours.mapping.items()}
    if not found.get("external_ref"):
        found["external_ref"] = reference
    said = {field: value for field, value in found.items() if value is not None}
    if not said.get("words"):
        return None
    return tolerant(said, mapped=ours.mapping, media=_media(ours, item))


def _media(ours: Generic, item: Any) -> tuple[Media, ...]:
    found = expressions.find(ours.media, item) if ours.media else None
    listed = cast("list[Any]", found) if isinstance(found, list) else [found]
    named = [one for one in listed if isinstance(one, str) and 0 < len(one) <= LONGEST_ADDRESS]
    return tuple(Media(kind="file", reference=one) for one in named[:MOST_MEDIA])

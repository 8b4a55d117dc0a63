"""KoboToolbox REST services: a form's submission becomes a complaint.

| in the submission | in the complaint |
| --- | --- |
| questions named like a field, or as the integration's `fields` say | that field |
| what a hotline attests, only as the integration's `fields` say | that field, else `words` |
| without `words`: every answer, as `question: answer` | `words` |
| `_attachments[]` | `media` by address, fetched afterwards |
| `_uuid`, else `meta/instanceID`, else a digest of the body | `external_ref` |
| an edited form: another `meta/rootUuid`, or `meta/deprecatedID` | a message that follows it |
| what the form notes by itself: `_…`, `meta/…`, `deviceid`, `phonenumber`, … | nothing |
| XML, a submission without answers | set aside for the hotline's officers |

Kobo shows an API key in a header, or as the password of HTTP Basic. It repeats three times what
is answered 502, 503 or 504, and nothing else; so whatever goes wrong here is 503. It never sends
edits: they are pulled (`reconciling`). One `_uuid` is one form as it was filled in, so whatever
comes again under it is nothing new. A service that leaves fields out must not leave out
`_uuid`: without it, two forms filled in alike cannot be told from one sent twice.
"""

import base64
import binascii
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from tocsin_common.auth import scheme
from tocsin_common.errors import place_of
from tocsin_common.group_commit import Overloaded
from tocsin_common.problems import NotFound, Problem, Unavailable
from tocsin_common.rates import TooManyRequests
from tocsin_intake.adapters.changes import change_of
from tocsin_intake.adapters.payloads import (
    Payload,
    Translation,
    Unknown,
    object_at,
    objects,
    text_at,
)
from tocsin_intake.adapters.reading import read_json
from tocsin_intake.adapters.receiving import Receives
from tocsin_intake.adapters.sent_along import media_at
from tocsin_intake.auth import ComeAgain, KnownHotlines
from tocsin_intake.integrations.hotline import Hotline, Scope
from tocsin_intake.integrations.systems import Survey
from tocsin_intake.mapping.fields import FIELDS, tolerant
from tocsin_intake.schemas import Media

log = logging.getLogger("tocsin.adapters")

NAME = "kobo"
NOTED_BY_ITSELF = frozenset(
    {"start", "end", "today", "deviceid", "subscriberid", "simserial", "phonenumber", "username"}
    | {"audit", "background-audio", "start-geopoint"}
)

router = APIRouter(prefix="/v1/integrations/{integration_id}/kobo", tags=["adapters"])


@router.post("")
async def receive_from_kobo(
    integration_id: UUID,
    request: Request,
    hotlines: KnownHotlines,
    receiving: Receives,
    _: Annotated[object, Depends(scheme)],
) -> dict[str, int]:
    """Accept a submission; answers when it is stored, and 503 whenever it is not."""
    try:
        hotline = await hotlines.permitted(_with_key(request), Scope.COMPLAINTS)
    except TooManyRequests as full:  # Kobo comes again after 503, and after 429 never
        raise ComeAgain(full) from None
    if (hotline.integration_id, hotline.adapter) != (integration_id, NAME):
        raise NotFound
    payload = Payload(body=await request.body())
    try:
        receipts = await receiving.take(hotline, translate(hotline, payload))
    except (Problem, Overloaded):
        raise
    except Exception as error:
        log.warning("a submission was put off: %s", place_of(error))
        raise Unavailable from None
    return {"received": len(receipts)}


def translate(hotline: Hotline, payload: Payload) -> Translation:
    """Translate a submission.

    Raises:
        Malformed: it is neither JSON nor XML.
    """
    if payload.body.lstrip()[:1] == b"<":
        return Translation(unknown=[Unknown("xml", payload)])
    submission = object_at(read_json(payload.body))
    survey = hotline.system.kobo or Survey()
    answers = {name: one for name, one in _answers(submission) if _is_taken(name, survey.only)}
    named = {name.rpartition("/")[2]: value for name, value in answers.items()}
    wanted = survey.fields
    mapped = {field: answers.get(place) for field, place in wanted.items()}
    flat = {name: value for name, value in {**named, **mapped}.items() if name in FIELDS and value}
    if "words" not in flat:
        others = {name: one for name, one in answers.items() if name not in wanted.values()}
        flat["words"] = "\n".join(
            f"{name}: {value}"
            for name, value in others.items()
            if name.rpartition("/")[2] not in FIELDS
        )
    media = _media(submission)
    if not flat["words"] and media:
        flat["words"] = "[form without words]"
    complaint = flat["words"] and tolerant(
        {"channel": "form"} | flat | {"external_ref": _uuid(submission) or _digest(payload)},
        mapped=wanted,
        media=media,
    )
    if not complaint:
        return Translation(unknown=[Unknown("nothing_said", payload)])
    own = _uuid(submission)
    if not own:
        return Translation([complaint])
    of = _first(submission) or own
    change = change_of(complaint, of, own, payload)
    return Translation(changes=[change if of != own else replace(change, words="")])


def _uuid(submission: Mapping[str, Any]) -> str | None:
    """This form as it was filled in or edited last."""
    named = text_at(submission, "_uuid") or text_at(submission, "meta/instanceID")
    return _plain(named) if named else None


def _first(submission: Mapping[str, Any]) -> str | None:
    """The form that this one replaces, by what it was called when it first came."""
    named = text_at(submission, "meta/rootUuid") or text_at(submission, "meta/deprecatedID")
    return _plain(named) if named else None


def _digest(payload: Payload) -> str:
    return f"sha256:{sha256(payload.body).hexdigest()}"


def _plain(uuid: str) -> str:
    return uuid.removeprefix("uuid:")[:300]


def _answers(submission: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every question that somebody answered, groups within its name; repeats one after another."""
    for name, value in submission.items():
        root, _, leaf = name.partition("/")
        if name.startswith("_") or root in ("meta", "formhub") or (leaf or root) in NOTED_BY_ITSELF:
            continue
        if isinstance(value, list):
            for number, one in enumerate(cast("list[Any]", value), 1):
                for inner, answer in _answers(object_at(one)):
                    yield f"{inner} [{number}]", answer
        elif isinstance(value, bool) or (answer := text_at(submission, name)) is None:
            continue
        else:
            yield name, answer


def _is_taken(name: str, only: Sequence[str] | None) -> bool:
    question = name.partition(" [")[0]
    return only is None or any(question == one or question.startswith(f"{one}/") for one in only)


def _media(submission: Mapping[str, Any]) -> tuple[Media, ...]:
    return media_at(
        (text_at(one, "download_url"), text_at(one, "mimetype"))
        for one in objects(submission, "_attachments")
        if one.get("is_deleted") is not True
    )


def _with_key(request: Request) -> Request:
    """The same request, its Basic password shown as the key it is."""
    kind, _, shown = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return request
    try:
        _, _, password = base64.b64decode(shown, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        password = ""
    others = [one for one in request.scope["headers"] if one[0] != b"authorization"]
    bearer = (b"authorization", b"Bearer " + password.encode())
    return Request({**request.scope, "headers": [*others, bearer]})

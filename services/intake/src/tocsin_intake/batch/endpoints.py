"""The edge to batches: results go out while lines come in."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from tocsin_common.problems import UnsupportedMediaType
from tocsin_intake.auth import Hotline
from tocsin_intake.batch.service import Batches

log = logging.getLogger("tocsin.batch")

PATH = "/v1/complaints/batch"
PATIENCE = 60.0  # seconds that a sender may be silent, or leave its results unread
NDJSON = "application/x-ndjson"
TYPES = {NDJSON, "application/ndjson", "application/jsonl"}

router = APIRouter(prefix=PATH, tags=["complaints"])


class Results(StreamingResponse):
    """Results that are sent while lines still arrive.

    Starlette's own class listens for the end of the connection meanwhile, and would so take the
    lines away from whoever reads them.
    """

    media_type = NDJSON

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        async def patiently(message: Message) -> None:
            async with asyncio.timeout(PATIENCE):
                await send(message)

        async with aclosing(cast("AsyncGenerator[bytes]", self.body_iterator)):
            try:
                await self.stream_response(patiently)
            except TimeoutError:
                log.info("a batch was left with its results unread")


async def _chunks(request: Request) -> AsyncGenerator[bytes]:
    stream = request.stream()
    while True:
        async with asyncio.timeout(PATIENCE):
            chunk = await anext(stream, None)
        if chunk is None:
            return
        yield chunk


async def _batches(request: Request) -> Batches:
    return request.app.state.batches


@router.post(
    "",
    response_class=Results,
    responses={200: {"description": "A result per line, in order", "content": {NDJSON: {}}}},
)
async def submit_complaints(
    request: Request, hotline: Hotline, batches: Annotated[Batches, Depends(_batches)]
) -> Results:
    """Accept complaints by the stream: each line is a complaint, each result is durable.

    A line is what `POST /v1/complaints` takes, with an `external_ref` or an `idempotency_key` of
    its own; so a batch that broke off is simply sent again, and what was accepted before is
    answered with the same complaint. A line that is wrong gets a problem as its result and
    changes nothing for the others. Results come while lines go: read them while you send, and
    after a result with status 503, or a stream that ends early, send what has no result again.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in TYPES:
        raise UnsupportedMediaType(f"Send `Content-Type: {NDJSON}`.")
    return Results(batches.results(_chunks(request), hotline))

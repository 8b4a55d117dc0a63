"""Accepts a stream line by line: many lines join each group, and none waits for all."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from tocsin_common.errors import place_of
from tocsin_common.problems import TooLarge, Unavailable
from tocsin_intake.acceptance.accepting import Accepting, Begun
from tocsin_intake.batch import line as lines_of
from tocsin_intake.batch.line import LONGEST_LINE, LineResult
from tocsin_intake.batch.ndjson import Line, lines
from tocsin_intake.integrations import Hotline
from tocsin_intake.schemas import AcceptanceStatus

log = logging.getLogger("tocsin.batch")

MOST_BYTES = 1_000_000_000
AT_ONCE = 400  # of all batches: one group that commits and one that gathers
TURN = 8  # lines sealed, about two milliseconds, before others have the event loop


class BatchTooLarge(TooLarge):
    """The stream is longer than a batch may be."""

    code = "batch_too_large"
    detail = f"A batch may have {MOST_BYTES:,} bytes. Send what has no result in another."


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line that is being stored."""

    line: int
    begun: Begun


InOrder = asyncio.Queue[Waiting | LineResult | None]
"""Lines that are being stored, or were refused, in order; `None` after the last."""


class Batches:
    """All batches of this process, which together never fill the queue that others wait in."""

    def __init__(self, accepting: Accepting) -> None:
        self._accepting = accepting
        self._places = asyncio.Semaphore(AT_ONCE)

    async def results(
        self, chunks: AsyncIterable[bytes], hotline: Hotline
    ) -> AsyncGenerator[bytes]:
        """Accept line by line; yield results in order, as many at once as are there.

        When intake is overloaded or its database away, it ends early: a line without a result
        was not read, and all may be sent again.
        """
        lined: InOrder = asyncio.Queue(AT_ONCE)
        reading = asyncio.create_task(self._read(chunks, hotline, lined))
        try:
            away = False
            while not away and (one := await lined.get()):
                told = [await self._result(one)]
                while not lined.empty() and len(told) < AT_ONCE and (more := lined.get_nowait()):
                    told.append(await self._result(more))
                yield b"".join(map(_written, told))
                away = any(one.status == Unavailable.status for one in told)
            if away:
                log.warning("a batch ended early: nothing can be accepted now")
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, chunks: AsyncIterable[bytes], hotline: Hotline, lined: InOrder) -> None:
        at = 0
        try:
            async for line in lines(chunks, longest=LONGEST_LINE):
                at = line.number
                await self._places.acquire()
                await lined.put(self._begin(hotline, line))
                if at % TURN == 0:
                    await asyncio.sleep(0)
        except HTTPException:  # the limit of `MOST_BYTES`
            await lined.put(lines_of.refused(at + 1, BatchTooLarge()))
        except (ClientDisconnect, TimeoutError):
            log.info("a batch was left by its sender after line %d", at)
        except Exception as error:
            log.error("a batch failed after line %d: %s", at, place_of(error))  # noqa: TRY400
        await lined.put(None)
        await lined.put(None)  # one may be taken by who looks whether more is there

    def _begin(self, hotline: Hotline, line: Line) -> Waiting | LineResult:
        try:
            submission, key = lines_of.read(line.text)
            begun = self._accepting.begin(hotline, submission, key)
        except Exception as error:
            self._places.release()
            return lines_of.refused(line.number, error)
        begun.outcome.add_done_callback(self._stored)
        return Waiting(line.number, begun)

    def _stored(self, outcome: "asyncio.Future[Any]") -> None:
        """Make room; what failed is told to the sender, if that one is still there."""
        self._places.release()
        if not outcome.cancelled():
            outcome.exception()

    async def _result(self, one: Waiting | LineResult) -> LineResult:
        if isinstance(one, LineResult):
            return one
        try:
            receipt = await self._accepting.ended(one.begun)
        except Exception as error:
            return lines_of.refused(one.line, error)
        again = receipt.status is AcceptanceStatus.ALREADY_RECEIVED
        return LineResult(line=one.line, status=200 if again else 201, complaint=receipt)


def _written(result: LineResult) -> bytes:
    return result.model_dump_json(exclude_none=True).encode() + b"\n"

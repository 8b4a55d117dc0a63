"""Accepts a stream line by line: many lines join each group, and none waits for all."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from tocsin_common.errors import place_of
from tocsin_common.problems import TooLarge, Unavailable
from tocsin_intake.acceptance.accepting import Accepting
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


Begun = asyncio.Queue[asyncio.Task[LineResult] | None]
"""Lines that are being accepted, in order; `None` after the last."""


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
        begun: Begun = asyncio.Queue(AT_ONCE)
        reading = asyncio.create_task(self._read(chunks, hotline, begun))
        try:
            away = False
            while not away and (task := await begun.get()):
                told = [await task]
                while not begun.empty() and len(told) < AT_ONCE and (more := begun.get_nowait()):
                    told.append(await more)
                yield b"".join(map(_written, told))
                away = any(one.status == Unavailable.status for one in told)
            if away:
                log.warning("a batch ended early: nothing can be accepted now")
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, chunks: AsyncIterable[bytes], hotline: Hotline, begun: Begun) -> None:
        at = 0
        try:
            async for line in lines(chunks, longest=LONGEST_LINE):
                at = line.number
                await self._places.acquire()
                task = asyncio.create_task(self._result(hotline, line))
                task.add_done_callback(lambda _: self._places.release())
                await begun.put(task)
                if at % TURN == 0:
                    await asyncio.sleep(0)
        except HTTPException:  # the limit of `MOST_BYTES`
            await begun.put(asyncio.create_task(_too_large(at + 1)))
        except (ClientDisconnect, TimeoutError):
            log.info("a batch was left by its sender after line %d", at)
        except Exception as error:
            log.error("a batch failed after line %d: %s", at, place_of(error))  # noqa: TRY400
        await begun.put(None)
        await begun.put(None)  # one may be taken by who looks whether more is there

    async def _result(self, hotline: Hotline, line: Line) -> LineResult:
        try:
            submission, key = lines_of.read(line.text)
            receipt = await self._accepting.receipt_for(hotline, submission, key)
        except Exception as error:
            return lines_of.refused(line.number, error)
        again = receipt.status is AcceptanceStatus.ALREADY_RECEIVED
        return LineResult(line=line.number, status=200 if again else 201, complaint=receipt)


async def _too_large(line: int) -> LineResult:
    return lines_of.refused(line, BatchTooLarge())


def _written(result: LineResult) -> bytes:
    return result.model_dump_json(exclude_none=True).encode() + b"\n"

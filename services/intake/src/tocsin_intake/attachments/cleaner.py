"""Has attachments cleaned by processes of their own, a few at a time, while the loop goes on."""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

from tocsin_common.problems import Problem, Unavailable
from tocsin_intake.attachments.kinds import Kind

AT_ONCE = 2
WAITING = 16
UPLOAD = 120.0  # seconds for the whole way in, however slow the line
CLEANING = 30.0  # seconds after the last byte
BLOCK = 65_536


class NotReadable(Problem):
    """It begins like one of the kinds that are taken, and is none, or holds too much."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "attachment_not_readable"
    detail = (
        "This photo or voice note could not be made anew: it is damaged, too large inside, or "
        "holds something else. Nothing was kept."
    )


class TooSlow(Problem):
    """It did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT
    code = "too_slow"
    detail = "The upload took too long. Nothing was kept."


class Cleaner:
    """Starts a process for each attachment: a few at once, some may wait, others are refused."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    @asynccontextmanager
    async def cleaned(
        self, kind: Kind, content: AsyncIterable[bytes]
    ) -> AsyncGenerator[tuple[str, AsyncGenerator[bytes]]]:
        """Yield the media type and the blocks of what was made of `content`.

        Raises:
            Unavailable: too many wait.
            TooSlow: `content` came too slowly.
            NotReadable: nothing could be made of it.
        """
        if self._waiting >= WAITING:
            raise Unavailable
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        try:
            process = await start_process(kind)
            try:
                await _feed(process, content)
                async with asyncio.timeout(CLEANING):
                    yield await _media_type(process), _blocks(process)
                    if await process.wait():
                        raise NotReadable
            except TimeoutError:
                raise NotReadable from None
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        finally:
            self._places.release()


async def start_process(kind: Kind) -> asyncio.subprocess.Process:
    """Start what will clean an attachment, and knows nothing else."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", "tocsin_intake.attachments.cleaning", kind),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )


async def _feed(process: asyncio.subprocess.Process, content: AsyncIterable[bytes]) -> None:
    sink = process.stdin
    if not sink:
        raise NotReadable
    try:
        async with asyncio.timeout(UPLOAD):
            async for chunk in content:
                sink.write(chunk)
                await sink.drain()
    except TimeoutError:
        raise TooSlow from None
    except ConnectionError:
        raise NotReadable from None
    sink.close()


async def _media_type(process: asyncio.subprocess.Process) -> str:
    line = await process.stdout.readline() if process.stdout else b""
    if not line:
        raise NotReadable
    return line.decode().strip()


async def _blocks(process: asyncio.subprocess.Process) -> AsyncGenerator[bytes]:
    while process.stdout and (block := await process.stdout.read(BLOCK)):
        yield block

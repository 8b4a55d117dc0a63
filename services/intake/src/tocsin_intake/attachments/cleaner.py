"""Has attachments cleaned by processes of their own, a few at a time, while the loop goes on."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import asynccontextmanager
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
            made = await _made(kind, await _whole(content))
            media_type, _, rest = made.partition(b"\n")
            yield media_type.decode(), _blocks(rest)
        finally:
            self._places.release()


async def start_process(kind: Kind) -> subprocess.Popen[bytes]:
    """Start what will clean an attachment, and knows nothing else.

    Not by the loop's own subprocesses: uvloop's are forks that run Python before they become
    something else, and one that meets a lock which another thread held waits for ever, and the
    loop with it. This one becomes something else at once (`vfork`).
    """
    return subprocess.Popen(  # noqa: ASYNC220, S603
        (sys.executable, "-I", "-m", "tocsin_intake.attachments.cleaning", kind),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
    )


async def _whole(content: AsyncIterable[bytes]) -> bytes:
    whole = bytearray()
    try:
        async with asyncio.timeout(UPLOAD):
            async for chunk in content:
                whole += chunk
    except TimeoutError:
        raise TooSlow from None
    return bytes(whole)


async def _made(kind: Kind, whole: bytes) -> bytes:
    process = await start_process(kind)
    try:
        made, _ = await asyncio.to_thread(process.communicate, whole, CLEANING)
    except subprocess.TimeoutExpired:
        raise NotReadable from None
    finally:
        process.kill()  # if somebody went away meanwhile; the thread then comes to its end
    if process.returncode or not made:
        raise NotReadable
    return made


async def _blocks(made: bytes) -> AsyncGenerator[bytes]:
    for begin in range(0, len(made), BLOCK):
        yield made[begin : begin + BLOCK]

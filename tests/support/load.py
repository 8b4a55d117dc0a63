"""Hotlines that post whatever breaks: the same reference until it is answered 201."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import aiohttp

from tests.support.clients import Hotline
from tests.support.ledger import Ledger, Report

CLIENTS = 8
PAUSE = 0.06  # seconds between one client's complaints
AGAIN = 0.1  # seconds before the same is sent again
PATIENCE = 300.0  # seconds until one complaint must have been accepted
REPEATED = 10  # every so many complaints one is sent again although it was accepted


class Load:
    """Posts complaints at a steady rate, and notes what was promised."""

    def __init__(self, hotline: Hotline, reports: Iterator[Report], ledger: Ledger) -> None:
        self._hotline = hotline
        self._reports = reports
        self._ledger = ledger
        self._enough = threading.Event()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Post until the block ends, and then until everything begun was accepted.

        It runs in a thread of its own, so that a server's start in ours holds nothing up.
        """
        posting = asyncio.create_task(asyncio.to_thread(asyncio.run, self._post()))
        try:
            yield
        finally:
            self._enough.set()
            await posting

    async def _post(self) -> None:
        async with aiohttp.ClientSession(
            self._hotline.client.url,
            headers=self._hotline.client.with_key(self._hotline.key),
            timeout=aiohttp.ClientTimeout(total=10),
        ) as session:
            await asyncio.gather(*(self._post_for_ever(session) for _ in range(CLIENTS)))

    async def _post_for_ever(self, session: aiohttp.ClientSession) -> None:
        while not self._enough.is_set():
            report = next(self._reports)
            await self._until_accepted(session, report)
            if len(self._ledger.accepted) % REPEATED == 0:
                await self._until_accepted(session, report)
            await asyncio.sleep(PAUSE)

    async def _until_accepted(self, session: aiohttp.ClientSession, report: Report) -> None:
        deadline = time.monotonic() + PATIENCE
        while not await self._accepted(session, report):
            assert time.monotonic() < deadline, f"not accepted: {self._ledger.answers}"
            await asyncio.sleep(AGAIN)

    async def _accepted(self, session: aiohttp.ClientSession, report: Report) -> bool:
        try:
            async with session.post("/v1/complaints", json=report.complaint) as answer:
                receipt = await answer.json(content_type=None)
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            self._ledger.answers["none"] += 1
            return False
        self._ledger.answers[str(status)] += 1
        if status == 201:
            self._ledger.accept(report, receipt["complaint_id"])
            return True
        assert status == 503, (status, receipt)
        return False

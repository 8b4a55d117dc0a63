"""Fetches files a few at a time, in every process that works, and makes attachments of them."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from pydantic import ValidationError

from tocsin_common.database import Database
from tocsin_common.errors import place_of
from tocsin_common.problems import NotFound
from tocsin_common.sealing import Unreadable
from tocsin_common.telemetry import counter, gauge
from tocsin_intake import pauses
from tocsin_intake.attachments.cleaner import NotReadable, TooSlow
from tocsin_intake.attachments.service import Attachments, KindNotTaken
from tocsin_intake.auth import Hotlines
from tocsin_intake.media import outcomes, queue, sources
from tocsin_intake.media.outcomes import Reason, State
from tocsin_intake.media.queue import Due
from tocsin_intake.media.sources import NotGiven
from tocsin_intake.outbound import NotNamed, Outbound, TooLarge, Unreached
from tocsin_intake.schemas import Media
from tocsin_intake.vault import Vault
from tocsin_intake.vault.sealing import MEDIA

log = logging.getLogger("tocsin.media")
fetched = counter("media_total", "Attempts to fetch a file, by what they brought", ["outcome"])
present = gauge("media_files", "Files that are not attachments, by where they stand", ["outcome"])
late = gauge("media_late", "Files that have waited for more than a day")

MOST_BYTES = 20_000_000  # what Telegram gives out; nobody else sends longer recordings
AT_ONCE = 4
LOOK = 2.0  # seconds between looks for what is due
COUNT = 60.0  # seconds between counts


class Fetcher:
    """One in every process that works."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        hotlines: Hotlines,
        outbound: Outbound,
        attachments: Attachments | None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._hotlines = hotlines
        self._outbound = outbound
        self._attachments = attachments

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Fetch until the block ends; what is under way then is fetched again by somebody."""
        tasks = [asyncio.create_task(self._fetch()), asyncio.create_task(self._count())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch(self) -> None:
        going: set[asyncio.Task[None]] = set()
        try:
            while True:
                if free := AT_ONCE - len(going):
                    due = await self._due(free)
                    going |= {asyncio.create_task(self.try_one(one)) for one in due}
                if going:
                    ended = asyncio.FIRST_COMPLETED
                    _, going = await asyncio.wait(going, timeout=LOOK, return_when=ended)
                else:
                    await asyncio.sleep(LOOK)
        finally:
            for task in going:
                task.cancel()
            await asyncio.gather(*going, return_exceptions=True)

    async def _due(self, most: int) -> list[Due]:
        try:
            return await queue.claim(self._database, most)
        except Exception as error:
            log.info("files wait: %s", place_of(error))
            return []

    async def _count(self) -> None:
        while True:
            try:
                found = await queue.counts(self._database)
                for state in State:
                    present.labels(state).set(found.by_state.get(state, 0))
                late.set(found.late)
            except Exception as error:
                log.info("files are counted later: %s", place_of(error))
            await asyncio.sleep(COUNT)

    async def try_one(self, due: Due) -> None:
        """Fetch a file, or note why not."""
        try:
            attachment_id = await self._kept(due)
            if await queue.attach(self._database, due, attachment_id):
                fetched.labels("fetched").inc()
            elif self._attachments:
                await self._attachments.destroy([attachment_id])
        except Exception as error:
            await self._not_fetched(due, error)

    async def _kept(self, due: Due) -> UUID:
        """Fetch a file and keep it as an attachment that no complaint has yet."""
        if not self._attachments:
            raise NotGiven(Reason.ATTACHMENTS_OFF)
        compartment = self._vault.compartment(due.complaint_id, due.wrapped)
        media = Media.model_validate_json(compartment.open(MEDIA, due.sealed))
        hotline = await self._hotlines.enabled(due.integration_id)
        where = media.reference
        async with sources.opened(self._outbound, hotline, where, MOST_BYTES) as blocks:
            return (await self._attachments.take(due.integration_id, blocks)).id

    async def _not_fetched(self, due: Due, error: Exception) -> None:
        reason = reason_of(error)
        state = outcomes.state_after(reason, due.attempts)
        asked = error.asked if isinstance(error, NotGiven) else timedelta()
        after = pauses.delay_after(due.attempts, asked) * random.uniform(1, 1.2)  # noqa: S311
        fetched.labels("put_off" if state is State.WAITING else state).inc()
        if reason is Reason.NOT_NOW and not isinstance(error, NotGiven):
            log.warning("a file could not be kept: %s", place_of(error))
        try:
            await queue.settle(self._database, due, state, reason, after)
        except Exception as again:  # it is due again when its lease ends
            log.info("a file is tried again later: %s", place_of(again))


def reason_of(error: Exception) -> Reason:
    """Say by a code why an attempt brought nothing."""
    match error:
        case NotGiven():
            return error.reason
        case NotNamed():
            return Reason.HOST_NOT_NAMED
        case NotFound():  # the integration is disabled
            return Reason.NO_ACCESS
        case TooLarge():
            return Reason.TOO_LARGE
        case KindNotTaken():
            return Reason.KIND_NOT_TAKEN
        case NotReadable():
            return Reason.NOT_READABLE
        case Unreached() | TooSlow():
            return Reason.NOT_REACHED
        case Unreadable() | ValidationError():
            return Reason.NOT_UNDERSTOOD
        case _:
            return Reason.NOT_NOW

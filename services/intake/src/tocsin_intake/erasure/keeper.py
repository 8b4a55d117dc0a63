"""Keeps erasures: replays the ledger at the start, erases what is too old, rewrites the files."""

import logging
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from tocsin_common.database import Database
from tocsin_common.rounds import Rounds
from tocsin_common.telemetry import counter
from tocsin_intake.acceptance import testing
from tocsin_intake.erasure import ledger, scrub, service
from tocsin_intake.erasure.service import Eraser
from tocsin_intake.quarantine import service as quarantine

log = logging.getLogger("tocsin.erasure")
erasures = counter("erasures_total", "Complaints erased by a job, by why", ["outcome"])

EVERY = 3600.0  # seconds between looks at what is too old


class Keeper:
    """One in every process that works; doing it twice changes nothing."""

    def __init__(self, database: Database, eraser: Eraser, retention_days: int) -> None:
        self._database = database
        self._eraser = eraser
        self._days = retention_days
        self._replayed = False

    def running(self) -> AbstractAsyncContextManager[None]:
        """Keep erasures until the block ends."""
        return Rounds("erasure", self._keep, every=EVERY).running()

    async def replay(self) -> int:
        """Erase again whatever the ledger says must be gone; return how much was there."""
        if self._eraser.ledger is None:
            return 0
        back = 0
        for ids in ledger.batches(self._eraser.ledger):
            async with self._database.begin() as tx:
                back += await service.replay(tx, self._eraser, ids)
        erasures.labels("replayed").inc(back)
        return back

    async def erase_what_is_too_old(self) -> int:
        """Erase what is older than its integration keeps, some at a time."""
        total = 0
        while True:
            async with self._database.begin() as tx:
                now = datetime.now(UTC)
                done = await service.erase_expired(tx, self._eraser, now, self._days)
            erasures.labels("retention").inc(done)
            total += done
            if done < service.AT_ONCE:
                return total

    async def let_go(self) -> None:
        """Let go of what stays for a short time only: test complaints and the quarantine."""
        for purge, at_once in (
            (testing.purge, testing.AT_ONCE),
            (quarantine.purge, quarantine.AT_ONCE),
        ):
            done = at_once
            while done == at_once:
                async with self._database.begin() as tx:
                    done = await purge(tx)

    async def _keep(self) -> None:
        if not self._replayed and (back := await self.replay()):
            log.warning("a restored database held erased complaints: %d", back)
        self._replayed = True
        await self.erase_what_is_too_old()
        await self.let_go()
        await scrub.scrub(self._database, at_most=scrub.BY_ITSELF)

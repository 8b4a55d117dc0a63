"""Reads forms from KoboToolbox into the one acceptance; what is known already stays as it is."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from tocsin_common.errors import place_of
from tocsin_common.rounds import Rounds
from tocsin_common.telemetry import counter
from tocsin_intake.adapters import kobo
from tocsin_intake.adapters.payloads import Payload
from tocsin_intake.adapters.receiving import Receiving
from tocsin_intake.integrations.access import Access, access_of
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.outbound import Outbound
from tocsin_intake.reconciling.progress import Ledger, Progress
from tocsin_intake.reconciling.questions import Page, Sweep, read

log = logging.getLogger("tocsin.reconciling")
reconciled = counter("reconciled_total", "Forms read from their server", ["outcome"])
_read, _failed = reconciled.labels("read"), reconciled.labels("failed")

LOOK = 30.0  # seconds between looks at which integrations are due
OVERLAP = timedelta(hours=1)
"""Read again each time: a form may be given its time and be seen later than a younger one."""
SETTLED = timedelta(minutes=30)
"""Kobo tries to post for twenty minutes, and what it posts need not be asked for."""
MOST_PAGES = 20  # of one turn
MOST_BYTES = 12_000_000  # of a page


class NotReconciled(Exception):
    """The server did not answer as it should; all is read again later."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one walk through pages came to."""

    read: int
    after: int
    """0: it reached the end."""
    newest: datetime | None


class Reconciler:
    """One in every process that answers; who claims an integration reads it."""

    def __init__(
        self,
        ledger: Ledger,
        receiving: Receiving,
        outbound: Outbound,
        hotlines: Callable[[], Collection[Hotline]],
    ) -> None:
        self._ledger = ledger
        self._receiving = receiving
        self._outbound = outbound
        self._hotlines = hotlines

    def running(self) -> AbstractAsyncContextManager[None]:
        """Read whatever is due until the block ends."""
        return Rounds("reconciling", self._read_all, every=LOOK).running()

    async def reconcile(self, hotline: Hotline, *, at_once: bool = False) -> int | None:
        """Read on, if it is this integration's turn; return how many forms were read.

        Raises:
            NotReconciled: its server could not be read.
        """
        survey, access = hotline.system.kobo, access_of(hotline)
        if not survey or not survey.asset or not access:
            return None
        progress = await self._ledger.claim(hotline.integration_id, at_once=at_once)
        if progress is None:
            return None
        try:
            until = datetime.now(UTC) - (timedelta() if at_once else SETTLED)
            return await self._turn(hotline, access, survey.asset, progress, until)
        except Exception as error:
            _failed.inc()
            log.warning("an integration could not be reconciled: %s", place_of(error))
            await self._ledger.put_off(hotline.integration_id)
            raise NotReconciled from None

    async def _turn(
        self, hotline: Hotline, access: Access, asset: str, progress: Progress, until: datetime
    ) -> int:
        since = max(progress.began, progress.newest - OVERLAP)
        new = Sweep(since, until, edited=False)
        fresh = await self._walk(hotline, access, asset, new, progress.after_new)
        edits = Sweep(progress.began, until, edited=True)
        edited = await self._walk(hotline, access, asset, edits, progress.after_edited)
        newest = max(fresh.newest or progress.newest, progress.newest)
        moved = replace(
            progress,
            newest=min(newest, until),
            after_new=fresh.after,
            after_edited=edited.after,
        )
        await self._ledger.keep(hotline.integration_id, moved, more=bool(fresh.after))
        return fresh.read + edited.read

    async def _walk(
        self, hotline: Hotline, access: Access, asset: str, sweep: Sweep, after: int
    ) -> _Turn:
        count, newest = 0, None
        for _ in range(MOST_PAGES):
            page = await self._page(access, sweep.address(access.base, asset, after), after)
            await asyncio.gather(*(self._take(hotline, one) for one in page.forms))
            _read.inc(len(page.forms))
            count += len(page.forms)
            newest = max(filter(None, (newest, page.newest)), default=None)
            if not page.more or page.last <= after:
                return _Turn(count, 0, newest)
            after = page.last
        return _Turn(count, after, newest)

    async def _page(self, access: Access, address: str, after: int) -> Page:
        async with self._outbound.download(address, access.reach, MOST_BYTES) as answer:
            if answer.status != 200:
                log.warning("a form's server answered %d", answer.status)
                raise NotReconciled
            body = b"".join([block async for block in answer.blocks()])
        return await asyncio.to_thread(read, body, after)

    async def _take(self, hotline: Hotline, form: object) -> None:
        payload = Payload(body=json.dumps(form, ensure_ascii=False).encode())
        await self._receiving.take(hotline, kobo.translate(hotline, payload))

    async def _read_all(self) -> None:
        for hotline in self._hotlines():
            with suppress(NotReconciled):  # counted and put off: the others have their turn
                await self.reconcile(hotline)

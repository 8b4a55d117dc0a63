"""Tells workers that a message waits, a few at a time, in every process that works.

At least once: a process that dies between sending and noting it leaves a lease behind, and when
that ends another sends again. A second neutral notice does no harm; one that is lost leaves a
worker without an answer. Nothing is locked while a system is asked, and nobody is told twice
otherwise: the row stays, as told, until the message is read.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from tocsin_common.database import Database
from tocsin_common.errors import place_of
from tocsin_common.keyed import keyed_hash
from tocsin_common.problems import NotFound
from tocsin_common.sealing import Unreadable
from tocsin_common.telemetry import counter, gauge
from tocsin_intake import pauses
from tocsin_intake.auth import Hotlines
from tocsin_intake.integrations.hotline import Hotline
from tocsin_intake.integrations.notices import ByWebhook
from tocsin_intake.notices import outcomes, queue
from tocsin_intake.notices.notice import Notice, NotTold
from tocsin_intake.notices.outcomes import Reason, State
from tocsin_intake.notices.queue import Due
from tocsin_intake.notices.texts import text_for
from tocsin_intake.notices.ways import WAYS
from tocsin_intake.outbound import NotNamed, Outbound, TooLarge, Unreached
from tocsin_intake.vault import Contact, Vault
from tocsin_intake.vault.contacts import ForHotlineOnly, open_contact

log = logging.getLogger("tocsin.notices")
told = counter("notices_total", "Attempts to tell a worker, by what they brought", ["outcome"])
present = gauge(
    "waiting_replies", "Messages that wait for their workers, by where they stand", ["outcome"]
)

AT_ONCE = 8
OF_ONE = 2  # integration: one whose system hangs holds up no other
SPREAD = 600.0  # seconds after the hours begin, over which those who waited for them are told
LOOK = 2.0  # seconds between looks for who is to be told
COUNT = 60.0  # seconds between counts


class Teller:
    """One in every process that works."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        hotlines: Hotlines,
        outbound: Outbound,
        hash_key: bytes,
    ) -> None:
        self._database = database
        self._vault = vault
        self._hotlines = hotlines
        self._outbound = outbound
        self._hash_key = hash_key

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Tell until the block ends; whoever is being told then is told again by somebody."""
        tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._count())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self) -> None:
        going: dict[asyncio.Task[None], Due] = {}
        try:
            while True:
                due = await self._due(going.values())
                going |= {asyncio.create_task(self.try_one(one)): one for one in due}
                if due and len(going) < AT_ONCE:
                    continue
                if going:
                    ended = asyncio.FIRST_COMPLETED
                    done, _ = await asyncio.wait(going, timeout=LOOK, return_when=ended)
                    going = {task: one for task, one in going.items() if task not in done}
                else:
                    await asyncio.sleep(LOOK)
        finally:
            for task in going:
                task.cancel()
            await asyncio.gather(*going, return_exceptions=True)

    async def _due(self, going: Collection[Due]) -> list[Due]:
        busy = Counter(one.integration_id for one in going)
        enough = [one for one, under_way in busy.items() if under_way >= OF_ONE]
        if len(going) >= AT_ONCE:
            return []
        try:
            return await queue.claim(self._database, enough, AT_ONCE - len(going))
        except Exception as error:
            log.info("notices wait: %s", place_of(error))
            return []

    async def _count(self) -> None:
        while True:
            try:
                found = await queue.counts(self._database)
                for state in State:
                    present.labels(state).set(found.get(state, 0))
            except Exception as error:
                log.info("notices are counted later: %s", place_of(error))
            await asyncio.sleep(COUNT)

    async def try_one(self, due: Due) -> None:
        """Tell a worker, or note why not."""
        try:
            if due.contact is None:
                await queue.forget(self._database, due)
                return
            hotline = await self._hotline(due)
            if wait := _until_hours(hotline):
                await queue.put_off(self._database, due, wait)
                return
            await self._send(due, hotline, due.contact)
            await queue.note_told(self._database, due)
            told.labels("told").inc()
        except Exception as error:
            await self._not_told(due, error)

    async def _hotline(self, due: Due) -> Hotline:
        hotline = await self._hotlines.enabled(due.integration_id)
        if hotline.notices is None:  # as far as this process knows
            await self._hotlines.look_again()
            hotline = await self._hotlines.enabled(due.integration_id)
        return hotline

    async def _send(self, due: Due, hotline: Hotline, contact: bytes) -> None:
        """Ask the system to send the notice."""
        if hotline.notices is None:
            raise NotTold(Reason.NOT_CONFIGURED)
        way = WAYS[hotline.notices.through]
        asked = way.request(hotline, self._notice(due, hotline, contact))
        answer = await self._outbound.ask(
            "POST", asked.address, asked.reach, body=asked.body, content_type=asked.content_type
        )
        if not_told := way.refusal(answer):
            raise not_told

    def _notice(self, due: Due, hotline: Hotline, contact: bytes) -> Notice:
        text, language = text_for(hotline, due.language)
        spell = due.due_since.isoformat()
        named = keyed_hash(self._hash_key, "notice", due.complaint_id.bytes, spell)
        return Notice(
            id=f"msg_{named[:16].hex()}",
            complaint_id=due.complaint_id,
            language=language,
            text=text,
            contact=None if isinstance(hotline.notices, ByWebhook) else self._opened(due, contact),
        )

    def _opened(self, due: Due, contact: bytes) -> Contact:
        compartment = self._vault.compartment(due.complaint_id, due.wrapped)
        return open_contact(compartment, contact)

    async def _not_told(self, due: Due, error: Exception) -> None:
        reason = reason_of(error)
        state = outcomes.state_after(reason, due.attempts)
        asked = error.asked if isinstance(error, NotTold) else timedelta()
        after = pauses.delay_after(due.attempts, asked) * random.uniform(1, 1.2)  # noqa: S311
        told.labels("put_off" if state is State.WAITING else state).inc()
        if reason is Reason.NOT_NOW and not isinstance(error, NotTold):
            log.warning("a notice could not be sent: %s", place_of(error))
        try:
            await queue.settle(self._database, due, state, reason, after)
        except Exception as again:  # it is due again when its lease ends
            log.info("a notice is sent later: %s", place_of(again))


def _until_hours(hotline: Hotline) -> timedelta:
    """How long its workers are not to be told; spread over the first minutes of their hours."""
    hours = hotline.notices.hours if hotline.notices else None
    wait = hours.wait(datetime.now(UTC)) if hours else timedelta()
    return wait + timedelta(seconds=random.uniform(0, SPREAD)) if wait else wait  # noqa: S311


def reason_of(error: Exception) -> Reason:
    """Say by a code why a worker was not told."""
    match error:
        case NotTold():
            return error.reason
        case ForHotlineOnly():
            return Reason.SEALED_TO_HOTLINE
        case NotFound():  # the integration is disabled
            return Reason.NO_ACCESS
        case NotNamed():
            return Reason.HOST_NOT_NAMED
        case Unreached():
            return Reason.NOT_REACHED
        case Unreadable() | ValidationError() | TooLarge():
            return Reason.NOT_UNDERSTOOD
        case _:
            return Reason.NOT_NOW

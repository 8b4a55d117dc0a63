"""What a process waits for, looked at again and again, and whether it keeps the door shut."""

import time
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from sqlalchemy import text

from tocsin_common import migrations, outbox, parked
from tocsin_common.database import Database
from tocsin_common.messaging import Bus
from tocsin_common.relay import Relay
from tocsin_common.rounds import Rounds
from tocsin_common.telemetry import gauge

CHECK = 2.0  # seconds between looks at schema, consumers, outbox and parked events
SOON = 0.2  # seconds, while there is no schema
SKEW = 30.0  # seconds by which our clock and the database's may differ
STUCK = 30.0  # seconds for which the oldest event may stay the oldest

outbox_age = gauge("outbox_age_seconds", "Age of the oldest event not yet shipped")
parked_events = gauge("parked_events", "Events set aside that will be tried again")
dead_letters = gauge("dead_letters", "Events set aside that wait for a person")


class Health:
    """Keeps looking, so that a probe is answered from memory.

    A process that only answers requests stays open while the broker or the relay is in trouble:
    what it is told is safe in its outbox, and turning callers away would lose it. All others are
    ready when nothing is missing.
    """

    def __init__(
        self, package: str, database: Database, bus: Bus, relay: Relay, *, migrate: bool
    ) -> None:
        self.package = package
        self.answers_only = False
        self._database = database
        self._bus = bus
        self._relay = relay
        self._migrate = migrate
        self._schema: str | None = "database: not looked at yet"
        self._missing_consumer: str | None = None
        self._clock: str | None = None
        self._oldest: int | None = None
        self._oldest_since = 0.0

    def waiting_for(self) -> list[str]:
        """What is missing: empty when nothing is."""
        missing = [
            self._schema,
            self._clock,
            self._bus.waiting_for(),
            self._missing_consumer,
            self._relay.waiting_for(),
            self._stuck(),
        ]
        return [one for one in missing if one]

    def is_ready(self) -> bool:
        """Whether this process may be given work."""
        return self._schema is None if self.answers_only else not self.waiting_for()

    def running(self) -> AbstractAsyncContextManager[None]:
        """Keep looking until the block ends."""
        return Rounds("health", self._look, every=CHECK, soon=SOON).running()

    async def _look(self) -> timedelta | None:
        try:
            self._schema = await self._schema_problem()
            missing = await self._bus.missing_consumer()
            self._missing_consumer = f"nats: consumer {missing} is missing" if missing else None
            await self._look_into_tables()
        except Exception as error:
            self._schema = self._schema or f"database: {type(error).__name__}"
            raise
        return timedelta(seconds=SOON) if self._schema else None

    async def _schema_problem(self) -> str | None:
        needed = migrations.head(self.package)
        if self._migrate:
            await migrations.migrate(self.package, self._database)
        found = await migrations.current(self._database)
        if migrations.suits(found, needed):
            return None
        return f"schema: at {found or 'nothing'}, needs {needed}"

    async def _look_into_tables(self) -> None:
        async with self._database.begin() as tx:
            waiting, dead = await parked.count(tx)
            oldest = await outbox.oldest(tx)
            theirs = await tx.scalar(text("select extract(epoch from clock_timestamp())::float8"))
        apart = abs(time.time() - (theirs or 0.0))
        self._clock = f"clock: {apart:.0f} s from the database's" if apart > SKEW else None
        parked_events.set(waiting)
        dead_letters.set(dead)
        outbox_age.set(oldest.age if oldest else 0)
        number = oldest.id if oldest else None
        if number != self._oldest:
            self._oldest, self._oldest_since = number, time.monotonic()

    def _stuck(self) -> str | None:
        """Say if the outbox stands still; one that is long but moving is only busy."""
        if self._oldest is None or time.monotonic() - self._oldest_since < STUCK:
            return None
        return "outbox: nothing is being shipped"

"""Plays scenarios on the real handlers and rules, with a clock and a lot of the test's own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from builders import APRIL, a_facility, a_supplier_list
from sqlalchemy import text

from tocsin_cases.casework.handlers import Desk, on_complaints_received
from tocsin_cases.chance import Chance
from tocsin_cases.disclosure import planning, service
from tocsin_cases.disclosure.handlers import on_disclosures_held
from tocsin_cases.disclosure.schedule import Timing, calendar
from tocsin_cases.disclosure.terms import Terms
from tocsin_cases.registry.service import import_supplier_list
from tocsin_common.database import Database
from tocsin_common.listening import Told
from tocsin_common.models import Table
from tocsin_common.signatures import Signer
from tocsin_contracts import taxonomy
from tocsin_contracts.alerts import Alert
from tocsin_contracts.events.complaints import ComplaintReceived, DisclosureHeld

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
TUE_THU = calendar("tue,thu 12:00")
AT_ONCE = Timing(timedelta(), timedelta(), timedelta())

Move = tuple[datetime, Callable[["Stage"], Any]]
"""Something that happens at a time besides complaints, like an import."""


def lots(seed: int) -> Chance:
    """The same lots each time."""
    return Chance(Random(seed))  # noqa: S311 - a test's


@dataclass
class Stage:
    """One installation of cases, without its HTTP edge and its bus."""

    database: Database
    desk: Desk
    terms: Terms = field(
        default_factory=lambda: Terms(
            slots=TUE_THU,
            timing=Timing(),
            taxonomy=taxonomy.shipped(),
            signer=Signer(bytes(32)),
            chance=lots(7),
        )
    )

    async def empty(self) -> None:
        """Begin anew."""
        names = ", ".join(f'"{table.name}"' for table in Table.metadata.sorted_tables)
        async with self.database.begin() as tx:
            await tx.execute(text(f"truncate {names}"))

    async def import_suppliers(
        self, rows: Iterable[dict[str, Any]], *, at: datetime = FEBRUARY
    ) -> Any:
        async with self.database.begin() as tx:
            return await import_supplier_list(tx, a_supplier_list(rows), self.terms.chance, at)

    async def hear(self, *complaints: ComplaintReceived) -> None:
        async with self.database.begin() as tx:
            await on_complaints_received(self.desk, tx, [Told(one) for one in complaints])

    async def hold(self, *holds: DisclosureHeld) -> None:
        async with self.database.begin() as tx:
            await on_disclosures_held(tx, [Told(one) for one in holds])

    async def play(
        self,
        complaints: Sequence[ComplaintReceived] = (),
        moves: Sequence[Move] = (),
        *,
        since: datetime = FEBRUARY,
        until: datetime,
    ) -> None:
        """Let time pass slot by slot: what arrives is heard, what is due leaves, plans are made."""
        after, slot = since, self.terms.slots.next_slot(since)
        while slot <= until:
            heard = [one for one in complaints if after < one.occurred_at <= slot]
            for one in sorted(heard, key=lambda one: one.occurred_at):
                await self.hear(one)
            for at, move in moves:
                if after < at <= slot:
                    await move(self)
            await service.release(self.database, self.terms, slot)
            await planning.plan(self.database, self.terms, slot, slot + timedelta(minutes=1))
            after, slot = slot, self.terms.slots.next_slot(slot + timedelta(seconds=1))

    async def green(self) -> list[tuple[str, str, str, bytes]]:
        """Every byte that is on its way to buyers, in order."""
        rows = await self.rows(
            "select stream, subject, headers, payload from outbox"
            " where stream in ('ALERTS', 'REGISTRY') order by id"
        )
        return [tuple(row) for row in rows]

    async def alerts(self) -> list[Alert]:
        """The statements that were told, in order."""
        rows = await self.rows(
            "select convert_from(payload, 'UTF8')::jsonb ->> 'statement' from outbox"
            " where stream = 'ALERTS' order by id"
        )
        return [Alert.model_validate_json(row[0]) for row in rows]

    async def told(self, subject: str) -> list[Any]:
        """The bodies of what was told under a subject."""
        rows = await self.rows(
            "select convert_from(payload, 'UTF8')::jsonb from outbox where subject = :subject"
            " order by id",
            subject=subject,
        )
        return [row[0] for row in rows]

    async def rows(self, query: str, **values: Any) -> list[Any]:
        async with self.database.begin() as tx:
            return list((await tx.execute(text(query), values)).all())

    async def count(self, table: str) -> int:
        [[number]] = await self.rows(f'select count(*) from "{table}"')  # noqa: S608
        return number


async def import_another_brand(stage: Stage) -> None:
    """A supplier list names one more customer of the first facility."""
    row = a_facility(1)
    row["organisations"] = [*row["organisations"], {"name": "Cirrus Phones", "role": "brand"}]
    await stage.import_suppliers([row], at=APRIL)

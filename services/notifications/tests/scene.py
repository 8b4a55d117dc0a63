"""Buyers, their endpoints and subscriptions, and alerts: told and asked as in production."""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from nats.aio.client import Client as Nats
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tocsin_cli.secrets import Secrets
from tocsin_common.auth import hash_of, new_key
from tocsin_common.database import Database
from tocsin_common.signatures import Signer
from tocsin_common.testing import all_heard, eventually
from tocsin_common.testing.http import Client
from tocsin_contracts.alerts import Alert, AlertState
from tocsin_contracts.events.alerts import (
    AlertCorrected,
    AlertEnded,
    AlertRaised,
    AlertTold,
    AlertUpdated,
)
from tocsin_contracts.events.buyers import BuyerChanged, ContractReach, KeyChanged, ReachChanged
from tocsin_contracts.streams import NOTIFICATIONS, heard_by
from tocsin_notifications.settings import Settings

Tell = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Buyer:
    id: UUID
    key: dict[str, str]


class Scene:
    """What happens around notifications."""

    client: Client

    def __init__(
        self, secrets: Secrets, settings: Settings, database: Database, streams: Nats, tell: Tell
    ) -> None:
        seed = secrets.environment("cases")["TOCSIN_ALERT_SIGNING_KEY"]
        self.signer = Signer(base64.b64decode(seed))
        self.settings = settings
        self.database = database
        self.tell = tell
        self._streams = streams

    async def buyer(
        self,
        *,
        reach: Sequence[UUID] = (),
        undertaking: bool = True,
        active: bool = True,
        language: str = "en",
    ) -> Buyer:
        """A buyer that the portal told of, with a key that works."""
        buyer_id, key = uuid4(), new_key("live")
        now = datetime.now(UTC)
        await self.told_buyer(buyer_id, undertaking=undertaking, active=active, language=language)
        key_hash = hash_of(self.settings.hash_key, key)
        await self.tell(
            KeyChanged(key_id=uuid4(), buyer_id=buyer_id, key_hash=key_hash, occurred_at=now)
        )
        await self.reach(buyer_id, reach)
        await self.quiet()
        return Buyer(buyer_id, {"Authorization": f"Bearer {key}"})

    async def told_buyer(
        self,
        buyer_id: UUID,
        *,
        undertaking: bool = True,
        active: bool = True,
        version: int = 1,
        language: str = "en",
        time_zone: str = "UTC",
    ) -> None:
        await self.tell(
            BuyerChanged(
                buyer_id=buyer_id,
                version=version,
                name="City of Example",
                undertaking_signed=undertaking,
                active=active,
                occurred_at=datetime.now(UTC),
                language=language,
                time_zone=time_zone,
            )
        )

    async def reach(
        self,
        buyer_id: UUID,
        organisation_ids: Sequence[UUID],
        version: int = 1,
        contracts: Mapping[UUID, Sequence[UUID]] | None = None,
    ) -> None:
        await self.tell(
            ReachChanged(
                buyer_id=buyer_id,
                version=version,
                organisation_ids=tuple(organisation_ids),
                contracts=tuple(
                    ContractReach(contract_id=one, organisation_ids=tuple(reached))
                    for one, reached in (contracts or {}).items()
                ),
                occurred_at=datetime.now(UTC),
            )
        )

    async def endpoint(self, buyer: Buyer, url: str) -> Any:
        return await self.post("/v1/endpoints", buyer, {"url": url}, expect=201)

    async def subscription(self, buyer: Buyer, **conditions: Any) -> Any:
        return await self.post("/v1/subscriptions", buyer, conditions, expect=201)

    async def listener(
        self,
        url: str,
        *,
        reach: Sequence[UUID],
        undertaking: bool = True,
        **conditions: Any,
    ) -> tuple[Buyer, str]:
        """A buyer that is told at `url`; return it with the secret that verifies what it hears."""
        buyer = await self.buyer(reach=reach, undertaking=undertaking)
        endpoint = await self.endpoint(buyer, url)
        await self.subscription(buyer, **conditions)
        return buyer, endpoint["secret"]

    async def post(self, path: str, buyer: Buyer, body: Any = None, *, expect: int = 200) -> Any:
        async with self.client.http.post(path, json=body, headers=buyer.key) as answer:
            assert answer.status == expect, await answer.text()
            return await answer.json()

    async def ask(
        self, method: str, path: str, buyer: Buyer, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Ask anything; return the status and what was answered."""
        sent = buyer.key | {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.http.request(method, path, json=body, headers=sent) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None

    async def get(self, path: str, buyer: Buyer, *, expect: int = 200) -> Any:
        async with self.client.http.get(path, headers=buyer.key) as answer:
            assert answer.status == expect, await answer.text()
            return await answer.json()

    async def deliveries(self, buyer: Buyer, **wanted: str) -> list[Any]:
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        return (await self.get(f"/v1/deliveries?{query}", buyer))["data"]

    def signed(
        self, alert: Alert, fact: type[AlertTold] | None = None, **changes: Any
    ) -> AlertTold:
        """The event by which cases releases an alert."""
        statement = alert.model_dump_json()
        return (fact or _fact(alert)).model_validate(
            {
                "alert_id": alert.alert_id,
                "version": alert.version,
                "occurred_at": alert.slot,
                "statement": statement,
                "signature": self.signer.sign(statement),
                "key_id": self.signer.key_id,
            }
            | changes
        )

    async def release(self, *alerts: Alert, trace: str | None = None) -> None:
        for alert in alerts:
            await self.tell(self.signed(alert), trace=trace)

    async def quiet(self) -> None:
        """Wait until everything told has been heard."""
        jetstream, consumers = self._streams.jetstream(), heard_by(NOTIFICATIONS)
        # What a killed process held comes again after ten seconds.
        await eventually(lambda: all_heard(jetstream, consumers))

    async def count(self, query: str) -> Any:
        async with self.database.begin() as tx:
            return await tx.scalar(text(query))

    async def database_change(self, statement: str) -> None:
        async with self.database.begin() as tx:
            await tx.execute(text(statement))

    async def lock(self, tx: AsyncConnection, delivery_id: str) -> None:
        """Hold a delivery's row until `tx` ends."""
        query = text("select from delivery where id = :id for update")
        await tx.execute(query, {"id": UUID(delivery_id)})

    async def planned(self) -> int:
        """Wait until everything told has been heard; return how many deliveries that makes."""
        await self.quiet()
        return await self.count("select count(*) from delivery")

    async def delivered(self, count: int, *, within: float = 60) -> None:
        """Wait until so many deliveries have arrived and been noted."""

        async def done() -> bool:
            found = await self.count("select count(*) from delivery where state = 'delivered'")
            return found == count

        await eventually(done, within)


def _fact(alert: Alert) -> type[AlertTold]:
    if alert.state is AlertState.ENDED:
        return AlertEnded
    if alert.state is AlertState.CORRECTED:
        return AlertCorrected
    return AlertRaised if alert.version == 1 else AlertUpdated

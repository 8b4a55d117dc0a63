"""The portal as its operator, its buyers and its tellers meet it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from builders import told
from nats.aio.client import Client as Nats

from tocsin_common.signatures import Signer
from tocsin_common.testing import all_heard, eventually
from tocsin_common.testing.fixtures import TellRaw
from tocsin_common.testing.http import Answer, Client
from tocsin_contracts.alerts import Alert
from tocsin_contracts.events.alerts import AlertRaised, AlertTold
from tocsin_contracts.events.base import Event
from tocsin_contracts.streams import BUYER_PORTAL_API, heard_by

Json = Any
Headers = dict[str, str]


@dataclass(frozen=True)
class Caller:
    """Somebody who asks with a key."""

    client: Client
    key: str

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        options["headers"] = self.client.with_key(self.key) | options.get("headers", {})
        return await self.client.request(method, path, **options)

    async def get(self, path: str, *, headers: Headers | None = None, **params: Any) -> Answer:
        return await self.ask("GET", path, headers=headers or {}, params=params)


@dataclass(frozen=True)
class BuyerCaller(Caller):
    """A buyer with its first key."""

    buyer_id: UUID
    key_id: UUID

    async def alerts(self, **params: Any) -> list[str]:
        """The ids of the alerts on its first page."""
        answer = await self.get("/v1/alerts", **params)
        assert answer.status == 200, answer
        return [alert["alert_id"] for alert in answer.json()["data"]]

    async def pages(self, path: str, **params: Any) -> list[list[Json]]:
        """Every page of a list, following its cursors."""
        pages: list[list[Json]] = []
        while True:
            answer = await self.get(path, **params)
            assert answer.status == 200, answer
            pages.append(answer.json()["data"])
            if answer.json()["next_cursor"] is None:
                assert "link" not in answer.headers
                return pages
            params["after"] = answer.json()["next_cursor"]


@dataclass(frozen=True)
class Portal:
    """The application, served."""

    client: Client
    operator: Caller
    signer: Signer
    streams: Nats
    publish: TellRaw

    async def buyer(
        self, *reach: UUID, signed: bool = False, name: str = "Marl Town"
    ) -> BuyerCaller:
        """Register a buyer whose contracts reach these organisations."""
        created = await self.operator.ask(
            "POST", "/v1/admin/buyers", json={"name": name, "undertaking_signed": signed}
        )
        assert created.status == 201, created
        buyer = BuyerCaller(
            client=self.client,
            key=created.json()["key"],
            buyer_id=UUID(created.json()["buyer_id"]),
            key_id=UUID(created.json()["key_id"]),
        )
        if reach:
            await self.reach(buyer, *reach)
        return buyer

    async def reach(self, buyer: BuyerCaller, *reach: UUID) -> Answer:
        """Confirm what a buyer's contracts reach."""
        answer = await self.operator.ask(
            "PUT",
            f"/v1/admin/buyers/{buyer.buyer_id}/reach",
            json={"organisation_ids": [str(one) for one in reach]},
            headers={"If-Match": "*"},
        )
        assert answer.status == 200, answer
        return answer

    async def tell(self, *alerts: Alert, as_fact: type[AlertTold] = AlertRaised) -> None:
        """Let cases tell alerts, and wait until they are heard."""
        await self.tell_events(*(told(alert, self.signer, as_fact) for alert in alerts))

    async def tell_events(self, *events: Event) -> None:
        """Let others tell facts, and wait until they are heard."""
        for event in events:
            await self.publish(event)
        await self.heard_all()

    async def heard_all(self) -> None:
        """Wait until every event in the streams is settled."""
        jetstream, consumers = self.streams.jetstream(), heard_by(BUYER_PORTAL_API)
        await eventually(lambda: all_heard(jetstream, consumers))


def ids(items: Iterable[Json], name: str = "alert_id") -> list[str]:
    return [item[name] for item in items]

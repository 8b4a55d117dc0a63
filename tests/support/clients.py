"""The people and systems that speak to Tocsin, each with a key: hotlines, officers, buyers."""

import hmac
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tocsin_common.testing.http import Answer, Client

Json = Any


@dataclass(frozen=True)
class Caller:
    """Somebody who asks one service with a key, and remembers every answer."""

    client: Client
    key: str
    answers: list[Answer] = field(default_factory=list[Answer], repr=False)

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        """Make a request and return the answer, whatever it is."""
        options["headers"] = {**self.client.with_key(self.key), **options.get("headers", {})}
        answer = await self.client.request(method, path, **options)
        self.answers.append(answer)
        return answer

    async def ask(self, method: str, path: str, **options: Any) -> Json:
        """Make a request that must succeed; return what it is answered with."""
        answer = await self.send(method, path, **options)
        assert 200 <= answer.status < 300, (method, path, answer)
        return answer.json() if answer.text else None

    async def get(self, path: str, **params: Any) -> Json:
        return await self.ask("GET", path, params=params)

    async def post(self, path: str, body: Json = None) -> Json:
        return await self.ask("POST", path, json=body)

    async def rows(self, path: str, **params: Any) -> AsyncGenerator[Json]:
        """Every row of a list, following its cursors."""
        after: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=200, **params, **after)
            for row in page["data"]:
                yield row
            if page["next_cursor"] is None:
                return
            after = {"after": str(page["next_cursor"])}

    async def all(self, path: str, **params: Any) -> list[Json]:
        """The same, at once."""
        return [row async for row in self.rows(path, **params)]


@dataclass(frozen=True)
class Hotline(Caller):
    """A hotline that posts to the native API."""

    integration_id: str = ""

    @classmethod
    async def registered(cls, operator: Caller, name: str, **more: Json) -> "Hotline":
        """Register a hotline at intake."""
        new = await operator.post("/v1/admin/integrations", {"name": name, **more})
        return cls(operator.client, new["key"], integration_id=new["integration_id"])

    async def report(self, complaint: Json, **headers: str) -> Json:
        """Hand a complaint in; return its receipt."""
        answer = await self.send("POST", "/v1/complaints", json=complaint, headers=headers)
        assert answer.status == 201, answer
        return answer.json()


@dataclass(frozen=True)
class WhatsApp:
    """Meta, posting a hotline's updates with the app's signature."""

    hotline: Hotline
    app_secret: str

    @classmethod
    async def registered(
        cls, operator: Caller, name: str, app_secret: str, **access: Json
    ) -> "WhatsApp":
        """Register a hotline's WhatsApp number at intake."""
        secrets = {"app_secret": app_secret, "verify_token": f"{app_secret} to verify"}
        hotline = await Hotline.registered(
            operator, name, adapter="whatsapp_cloud", whatsapp_cloud=secrets | access
        )
        return cls(hotline, app_secret)

    @property
    def path(self) -> str:
        """Where Meta posts."""
        return f"/v1/integrations/{self.hotline.integration_id}/whatsapp-cloud"

    async def post(self, update: Json, **headers: str) -> Answer:
        """Post an update as Meta signs it."""
        body = json.dumps(update).encode()
        digest = hmac.new(self.app_secret.encode(), body, sha256).hexdigest()
        signed = {"X-Hub-Signature-256": f"sha256={digest}"}
        return await self.hotline.send("POST", self.path, data=body, headers=signed | headers)


@dataclass(frozen=True)
class Officer(Caller):
    """A case officer."""

    @classmethod
    async def registered(cls, operator: Caller, name: str) -> "Officer":
        """Register an officer at cases."""
        new = await operator.post("/v1/admin/officers", {"name": name})
        return cls(operator.client, new["key"])

    async def waiting(self) -> list[Json]:
        """Complaints whose facility a person must find or confirm."""
        return await self.all("/v1/complaints/waiting")

    async def match(self, complaint_id: str, facility_id: str, *issues: str) -> Json:
        """Say which facility a complaint is about."""
        said = {"facility_id": facility_id, "issues": issues}
        return await self.post(f"/v1/complaints/{complaint_id}/match", said)

    async def alerts(self) -> dict[str, Json]:
        """What buyers were last told, by alert."""
        found = await self.all("/v1/alerts")
        return {one["alert_id"]: one["statement"] for one in found}


@dataclass(frozen=True)
class Buyer:
    """A public buyer, with one key for the portal and for notifications."""

    buyer_id: str
    portal: Caller
    notifications: Caller

    async def alerts(self) -> dict[str, Json]:
        """Every alert the portal lists, by its id."""
        return {one["alert_id"]: one for one in await self.portal.all("/v1/alerts")}

    async def versions(self, alert_id: str) -> list[int]:
        """The versions of an alert that the portal shows, newest first."""
        shown = await self.portal.get(f"/v1/alerts/{alert_id}")
        return [one["version"] for one in shown["versions"]]

    async def endpoint(self, url: str, description: str = "") -> Json:
        """Say where webhooks go; return the endpoint with its secret."""
        new = {"url": url} | ({"description": description} if description else {})
        return await self.notifications.post("/v1/endpoints", new)

    async def subscribe(self, issue_groups: Sequence[str] = ()) -> Json:
        """Ask for alerts, at every endpoint."""
        return await self.notifications.post(
            "/v1/subscriptions", {"issue_groups": list(issue_groups)}
        )

"""What is measured: all of Tocsin with durable settings, facilities, a hotline and a buyer."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tocsin_cli.stack import Stack
from tocsin_contracts.ids import CROCKFORD
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS

FACILITIES = 3000
SINK_ALLOWED = {"TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8"}
ORDINARY: Mapping[str, str] = SINK_ALLOWED
"""As an organisation runs it: disclosure in slots on two days of the week."""
RELEASING: Mapping[str, str] = {
    **SINK_ALLOWED,
    "TOCSIN_SLOTS": "every 100ms",
    "TOCSIN_SETTLE_SECONDS": "0",
    "TOCSIN_SPREAD_SECONDS": "0",
    "TOCSIN_NOTICE_SECONDS": "0",
}
"""With slots so close that alerts can be measured by the hundred."""


def os_id(number: int) -> str:
    """A valid Open Supply Hub id for an invented facility."""
    body = f"BD2021113{number:05d}"
    total = ord("B") + ord("D") + sum(CROCKFORD.index(c) for c in body[2:])
    return body + CROCKFORD[total % 32]


class World:
    """A Tocsin of the bench's own, and who may speak to it."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self._directory = directory
        self._settings = settings
        self.stack = Stack(directory, settings=settings)
        self.hotline_key = ""
        self.buyer_key = ""

    def start(self, sink: str) -> None:
        """Start it for the first time, with commit times recorded, and register everybody."""
        self.stack.postgres.start()
        self.stack.postgres.run("alter system set track_commit_timestamp = on;")
        self.stack.postgres.stop()
        self.stack.start()
        self._register(sink)

    def restart(self) -> float:
        """Stop it and start it again on the same data; return the seconds until all is ready."""
        self.stack.stop()
        began = time.perf_counter()
        self.stack = Stack(self._directory, settings=self._settings)
        self.stack.start()
        return time.perf_counter() - began

    def stop(self) -> None:
        """Leave nothing running."""
        self.stack.stop()

    def url(self, service: str, path: str) -> str:
        return self.stack.url(service) + path

    def ask(
        self, service: str, path: str, body: Any = None, *, key: str = "", put: bool = False
    ) -> Any:
        """Ask a service, as its operator unless with a key."""
        request = urllib.request.Request(
            self.url(service, path),
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {key or self.stack.secrets.admin_key(service)}",
                "Content-Type": "application/json",
                **({"If-Match": "*"} if put else {}),
            },
            method="PUT" if put else None,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def subscribe(self) -> None:
        """Let the buyer hear of everything from now on."""
        self.ask(NOTIFICATIONS, "/v1/subscriptions", {"name": "Everything"}, key=self.buyer_key)

    def _register(self, sink: str) -> None:
        """Register a hotline, a supplier list, and a buyer with an endpoint."""
        self.hotline_key = self.ask(INTAKE, "/v1/admin/integrations", {"name": "Bench line"})["key"]
        rows = [
            {
                "os_id": os_id(number),
                "name": f"Bench Facility {number}",
                "country": "BD",
                "organisations": [{"name": f"Bench Operator {number % 50}", "role": "operator"}],
            }
            for number in range(FACILITIES)
        ]
        self.ask(CASES, "/v1/admin/registry/import", {"facilities": rows})
        self._register_buyer(sink)

    def _register_buyer(self, sink: str) -> None:
        found = self.ask(CASES, "/v1/admin/registry/organisations?limit=200")["data"]
        organisations = [one["organisation_id"] for one in found]
        buyer = self.ask(
            BUYER_PORTAL_API, "/v1/admin/buyers", {"name": "Bench City", "undertaking_signed": True}
        )
        reach = f"/v1/admin/buyers/{buyer['buyer_id']}/reach"
        self.ask(BUYER_PORTAL_API, reach, {"organisation_ids": organisations}, put=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.ask(NOTIFICATIONS, "/v1/endpoints", {"url": sink}, key=buyer["key"])
                break
            except urllib.error.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        self.buyer_key = buyer["key"]

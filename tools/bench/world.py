"""What is measured: all of Tocsin with durable settings, facilities, a hotline and a buyer."""

import json
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tocsin_cli.stack import Stack
from tocsin_contracts.ids import CROCKFORD
from tocsin_contracts.streams import BUYER_PORTAL_API, CASES, INTAKE, NOTIFICATIONS

FACILITIES = 3000
SETTINGS = {
    "TOCSIN_SLOTS": "every 100ms",
    "TOCSIN_SETTLE_SECONDS": "0",
    "TOCSIN_SPREAD_SECONDS": "0",
    "TOCSIN_NOTICE_SECONDS": "0",
    "TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8",
}


def os_id(number: int) -> str:
    """A valid Open Supply Hub id for an invented facility."""
    body = f"BD2021113{number:05d}"
    total = ord("B") + ord("D") + sum(CROCKFORD.index(c) for c in body[2:])
    return body + CROCKFORD[total % 32]


class World:
    """A running Tocsin, and who may speak to it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.hotline_key = ""
        self.buyer_key = ""

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

    def settle(self, sink: str) -> None:
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

    def subscribe(self) -> None:
        """Let the buyer hear of everything from now on."""
        self.ask(NOTIFICATIONS, "/v1/subscriptions", {"name": "Everything"}, key=self.buyer_key)

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


@contextmanager
def running(directory: Path | None = None) -> Generator[World]:
    """Run Tocsin with commit times recorded, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as temporary:
        root = Path(temporary)
        root.chmod(0o711)
        stack = Stack(directory or root / "data", settings=SETTINGS)
        stack.postgres.start()
        stack.postgres.run("alter system set track_commit_timestamp = on;")
        stack.postgres.stop()
        try:
            stack.start()
            yield World(stack)
        finally:
            stack.stop()


def cpu_seconds(pids: list[int]) -> float:
    """Processor time these processes and their children have used, in seconds."""
    ticks = 0
    for pid in _with_children(pids):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(int(field) for field in fields[11:15])  # own, and of children that ended
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mb(pids: list[int]) -> float:
    """Memory these processes hold, in MB of a million bytes."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _with_children(pids: list[int]) -> list[int]:
    found = list(pids)
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found

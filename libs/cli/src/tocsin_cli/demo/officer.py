"""A case officer at work: says which facility a complaint is about, where a machine may not."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from tocsin_cli.demo.door import Door
from tocsin_cli.demo.foresight import Claim, Facility, chosen
from tocsin_cli.demo.material import Json
from tocsin_cli.errors import Refused

PAUSE = 0.3  # seconds between looks at what waits


@dataclass
class Officer:
    """Confirms a proposed facility if it is surely meant, and rejects it otherwise."""

    door: Door
    integrations: Collection[str]
    """Whose complaints are this officer's to decide about."""
    confirmed: int = 0
    rejected: int = 0

    async def work(self) -> None:
        """Decide about whatever waits, until cancelled."""
        while True:
            for complaint in await self.door.all("/v1/complaints/waiting"):
                theirs = complaint["integration_id"] in self.integrations
                if theirs and complaint["proposals"] and complaint["issues"]:
                    await self._decide(complaint)
            await asyncio.sleep(PAUSE)

    async def _decide(self, complaint: Json) -> None:
        place = f"/v1/complaints/{complaint['complaint_id']}"
        proposed = {Facility.of(one): one["facility_id"] for one in complaint["proposals"]}
        claim = Claim(
            os_id=complaint["os_id"],
            name=complaint["facility_name"],
            address=complaint["facility_address"],
            country=complaint["country"],
        )
        try:
            if facility := chosen(claim, proposed):
                await self.door.post(f"{place}/match", {"facility_id": proposed[facility]})
                self.confirmed += 1
                return
            for facility_id in proposed.values():
                await self.door.ask("DELETE", f"{place}/proposals/{facility_id}")
            self.rejected += 1
        except Refused:  # it was decided, and only the answer was lost: the next look tells
            return

"""Whoever looks at it all from outside: at cases, at the endpoints and in the portal, over HTTP."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tocsin_cli.demo import foresight
from tocsin_cli.demo.cast import Cast
from tocsin_cli.demo.door import Door
from tocsin_cli.demo.ledger import Expected, Seen, Subject, Version
from tocsin_cli.demo.material import Json
from tocsin_cli.demo.posting import Posting
from tocsin_cli.demo.progress import Progress
from tocsin_cli.demo.receiver import Receiver
from tocsin_cli.demo.waiting import until

BRIEFLY, LONGER = 0.005, 0.5  # seconds between looks for one complaint, at first and later


@dataclass(frozen=True)
class Before:
    """What was there before the play: it is not of it, and is not counted."""

    complaints: int
    versions: int
    """Of alerts."""
    alert_ids: frozenset[str]

    @classmethod
    async def of(cls, cases: Door, officer: Door) -> "Before":
        """Look, before anything is posted."""
        ledger = await cases.get("/v1/admin/ledger")
        alerts = await officer.all("/v1/alerts")
        return cls(
            ledger["complaints"]["total"],
            ledger["alerts"]["versions"],
            frozenset(one["alert_id"] for one in alerts),
        )


class Witness:
    """Looks how far it has come, and in the end says what was seen."""

    def __init__(
        self,
        cast: Cast,
        cases: Door,
        before: Before,
        receiver: Receiver,
        posting: Posting,
        expected: Expected,
        progress: Progress,
    ) -> None:
        self.expected = expected
        self.seconds_to_case: list[float] = []
        self._cast = cast
        self._cases = cases
        """At the operator's door."""
        self._before = before
        self._receiver = receiver
        self._posting = posting
        self._progress = progress
        self._counts: dict[str, tuple[int, int]] = {}
        self._changed_at = time.monotonic()

    @property
    def has_seen_all(self) -> bool:
        """Whether everything that was foreseen has come, by the newest look."""
        return bool(self._counts) and all(done >= total for done, total in self._counts.values())

    @property
    def calm_for(self) -> float:
        """Seconds since anything was new."""
        return time.monotonic() - max(self._changed_at, self._receiver.last_at)

    async def look(self, *, every: float) -> None:
        """Look and tell how far it has come, until cancelled."""
        while True:
            counts = await self._count()
            if counts != self._counts:
                self._counts, self._changed_at = counts, time.monotonic()
            for what, (done, total) in counts.items():
                self._progress.count(what, done, total)
            await asyncio.sleep(every)

    async def follow(self) -> None:
        """Follow one complaint after the other into its case, always the newest."""
        followed: set[str] = set()
        while True:
            newest = next(reversed(self._posting.accepted_at), None)
            if newest is None or newest in followed:
                await asyncio.sleep(BRIEFLY)
                continue
            followed.add(newest)
            await until(partial(self._is_in_cases, newest), every=BRIEFLY, at_most=LONGER)
            self.seconds_to_case.append(time.monotonic() - self._posting.accepted_at[newest])

    async def end_an_alert(self) -> None:
        """Have the officer end the alert that the most endpoints heard of."""
        alerts = await self._alerts()
        heard = Counter(what.subject for _, what in self.expected.deliveries)
        chosen = max(alerts, key=lambda one: (heard[_subject(one)], sorted(_subject(one)[0])))
        await self._cast.officer.post(f"/v1/alerts/{chosen['alert_id']}/end")
        self.expected = foresight.with_the_end_of(_subject(chosen), self.expected)
        self._counts = {}  # what was enough before is not enough now
        self._progress.say("An officer ended an alert: whoever was told of it must hear that too")

    async def testify(self, kills: int) -> Seen:
        """Say what everybody shows now."""
        alerts = await self._alerts()
        return Seen(
            handed=self._posting.handed,
            in_cases=await self._complaints_in_cases(),
            counted_in_cases=(await self._counted())[0],
            alerts={
                Version(one["alert_id"], number): _subject(one)
                for one in alerts
                for number in range(1, one["statement"]["version"] + 1)
            },
            webhooks=self._receiver.webhooks,
            visible={name: await _versions(door) for name, door in self._cast.buyers.items()},
            kills=kills,
        )

    async def suppliers(self) -> Mapping[str, int]:
        """Ask the portal for the first buyer's suppliers, and how many alerts stand about each."""
        portal = next(iter(self._cast.buyers.values()))
        found = await portal.all("/v1/suppliers")
        return {one["name"]: one["active_alerts"] for one in found}

    async def _count(self) -> dict[str, tuple[int, int]]:
        complaints, versions = await self._counted()
        shown = [await door.all("/v1/alerts") for door in self._cast.buyers.values()]
        arrived = {(one.endpoint, one.webhook_id) for one in self._receiver.webhooks}
        expected = self.expected
        return {
            "posted": (self._posting.done, self._posting.total),
            "in cases": (complaints, expected.sent),
            "alerts": (versions, expected.alerts.total()),
            "webhooks": (len(arrived), expected.deliveries.total()),
            "in the portal": (
                sum(one["version"] for alerts in shown for one in alerts),
                expected.visible.total(),
            ),
        }

    async def _counted(self) -> tuple[int, int]:
        """How many complaints cases counts, and how many versions of alerts."""
        ledger = await self._cases.get("/v1/admin/ledger")
        return (
            ledger["complaints"]["total"] - self._before.complaints,
            ledger["alerts"]["versions"] - self._before.versions,
        )

    async def _alerts(self) -> list[Json]:
        shown = await self._cast.officer.all("/v1/alerts")
        return [one for one in shown if one["alert_id"] not in self._before.alert_ids]

    async def _is_in_cases(self, complaint_id: str) -> bool:
        status, _ = await self._cast.officer.try_once("GET", f"/v1/complaints/{complaint_id}")
        return status == 200

    async def _complaints_in_cases(self) -> Mapping[str, Sequence[str]]:
        officer = self._cast.officer
        found: defaultdict[str, list[str]] = defaultdict(list)
        shown: list[Json] = await officer.all("/v1/complaints/waiting")
        for case in await officer.all("/v1/cases"):
            shown += (await officer.get(f"/v1/cases/{case['case_id']}"))["complaints_in_it"]
        for one in shown:
            if name := self._cast.names.get(one["integration_id"]):
                found[name].append(one["complaint_id"])
        return found


async def _versions(portal: Door) -> frozenset[Version]:
    """Every version of every alert that the portal shows a buyer."""
    details = [
        await portal.get(f"/v1/alerts/{one['alert_id']}") for one in await portal.all("/v1/alerts")
    ]
    return frozenset(
        Version(one["alert_id"], version["version"])
        for one in details
        for version in one["versions"]
    )


def _subject(alert: Json) -> Subject:
    """What an alert is about, as an officer is shown it."""
    statement = alert["statement"]
    named = frozenset(one["name"] for one in statement["organisations"])
    return Subject(named, statement["country"], statement["issue_group"])

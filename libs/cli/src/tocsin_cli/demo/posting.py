"""Hotlines hand complaints in, as hotlines do: again when nobody answers, sometimes twice."""

import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import aiohttp

from tocsin_cli.demo.cast import Cast
from tocsin_cli.demo.door import AWAY
from tocsin_cli.demo.ledger import Handed
from tocsin_cli.demo.material import WHATSAPP, Json, messages_of

TOGETHER = 8  # requests at once
TWICE = 5  # of so many, one is sent twice within the same second
AGAIN = 0.2  # seconds before the same is sent again
PATIENCE = 90.0  # seconds until something must have been accepted
ORDER = 2026  # seed of the order in which things are sent


@dataclass(frozen=True)
class Post:
    """One request, and the complaints it brings, by their hotline's own reference."""

    hotline: str
    url: str
    body: bytes
    headers: Mapping[str, str]
    references: Sequence[str]


def posts(
    cast: Cast, complaints: Mapping[str, Sequence[Json]], updates: Iterable[Json]
) -> list[Post]:
    """Everything that is to be sent, hotlines and WhatsApp mixed."""
    found = [
        Post(
            hotline=name,
            url=f"{cast.hotlines[name].url}/v1/complaints",
            body=json.dumps(complaint).encode(),
            headers={"Authorization": f"Bearer {cast.hotlines[name].key}"},
            references=[complaint["external_ref"]],
        )
        for name, rows in complaints.items()
        for complaint in rows
    ]
    found += [_signed(cast, update) for update in updates]
    random.Random(ORDER).shuffle(found)  # noqa: S311 - the same order each time, not a secret
    return found


class Posting:
    """Sends every post until it is accepted, whatever dies meanwhile."""

    def __init__(self, http: aiohttp.ClientSession, found: Sequence[Post]) -> None:
        self._http = http
        self._posts = found
        self._ids: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.done = 0
        """Posts that were accepted."""
        self.again = 0
        """Requests that had to be made again."""
        self.refused: list[int] = []
        """What refusals were answered."""
        self.seconds: list[float] = []
        """From a post's first attempt to its acceptance."""
        self.accepted_at: dict[str, float] = {}
        """By complaint, when it was answered 201."""

    @property
    def total(self) -> int:
        return len(self._posts)

    @property
    def handed(self) -> list[Handed]:
        """Every complaint that was accepted."""
        return [
            Handed(hotline, reference, frozenset(ids))
            for (hotline, reference), ids in self._ids.items()
        ]

    @property
    def sent(self) -> int:
        """Distinct complaints in all posts."""
        return len({(post.hotline, one) for post in self._posts for one in post.references})

    async def run(self) -> None:
        """Return when everything was accepted, or given up."""
        waiting = iter(enumerate(self._posts))

        async def send() -> None:
            for number, post in waiting:
                times = 2 if number % TWICE == 0 else 1
                await asyncio.gather(*(self._until_accepted(post) for _ in range(times)))
                self.done += 1

        await asyncio.gather(*(send() for _ in range(TOGETHER)))

    async def _until_accepted(self, post: Post) -> None:
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE:
            status, complaint_id = await self._try(post)
            if status in (200, 201):
                self._note(post, complaint_id, time.monotonic() - began)
                return
            if status and status not in AWAY:
                self.refused.append(status)
                return
            self.again += 1
            await asyncio.sleep(AGAIN)

    async def _try(self, post: Post) -> tuple[int, str | None]:
        headers = {"Content-Type": "application/json", **post.headers}
        try:
            async with self._http.post(post.url, data=post.body, headers=headers) as answer:
                told: Json = await answer.json(content_type=None)
                return answer.status, told.get("complaint_id")
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return 0, None

    def _note(self, post: Post, complaint_id: str | None, seconds: float) -> None:
        self.seconds.append(seconds)
        for reference in post.references:
            ids = self._ids[post.hotline, reference]
            if complaint_id:
                ids.add(complaint_id)
                self.accepted_at.setdefault(complaint_id, time.monotonic())


def _signed(cast: Cast, update: Json) -> Post:
    body = json.dumps(update).encode()  # ASCII, escaped, as Meta writes it
    return Post(
        hotline=WHATSAPP,
        url=f"{cast.intake_url}{cast.whatsapp.path}",
        body=body,
        headers={"X-Hub-Signature-256": cast.whatsapp.signature(body)},
        references=[_digest(message) for message in messages_of([update])],
    )


def _digest(message: Json) -> str:
    """The same message is the same complaint, however often and in whatever batch it comes.

    A file's address is good for minutes and differs each time.
    """
    told = json.loads(json.dumps(message))
    if isinstance(told[told["type"]], dict):
        told[told["type"]].pop("url", None)
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

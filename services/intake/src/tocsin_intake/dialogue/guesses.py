"""Guesses are slowed per source: in memory, for at most an hour, and never for everybody."""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network

from tocsin_common.keyed import keyed_hash
from tocsin_common.problems import Problem
from tocsin_common.rounds import Rounds

FREE = 5  # wrong numbers before anything is slowed: people mistype
LONGEST = 60.0  # seconds between two tries of one source, at the most
FORGOTTEN = 3540.0  # seconds after the first wrong number: with the next look, within an hour
LOOK = 60.0  # seconds between looks for what is to be forgotten
AT_ONCE = 16  # tries of one source; the others wait, and then know what those have learnt
SOURCES = 10_000  # remembered at once; a crowd of them crowds out only each other


class Slower(Problem):
    """Too many wrong numbers came from there."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "slower"
    detail = "Too many wrong numbers. Wait a little and try again."


@dataclass(slots=True)
class _Record:
    since: float
    wrong: int = 0
    last: float = 0.0


@dataclass(slots=True)
class _Turns:
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    tries: int = 0


class Guesses:
    """Wrong numbers by source; of a source only a hash is held, under a key of this process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._records: OrderedDict[bytes, _Record] = OrderedDict()
        self._turns: dict[bytes, _Turns] = {}

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncGenerator[None]:
        """Let a source have a few tries at once: else none of very many would know of the others.

        Raises:
            Slower: it must wait.
        """
        name = self._name(address)
        turns = self._turns.setdefault(name, _Turns())
        turns.tries += 1
        try:
            async with turns.places:
                self.check(address, time.monotonic())
                yield
        finally:
            turns.tries -= 1
            if not turns.tries:
                del self._turns[name]

    def check(self, address: str, now: float) -> None:
        """Return if the source may try now.

        Raises:
            Slower: it must wait.
        """
        self.forget(now)
        record = self._records.get(self._name(address))
        if record is None or record.wrong < FREE:
            return
        wait = record.last + min(2.0 ** (record.wrong - FREE), LONGEST) - now
        if wait > 0:
            raise Slower(headers={"Retry-After": str(int(wait) + 1)})

    def missed(self, address: str, now: float) -> None:
        """Remember a wrong number."""
        record = self._records.setdefault(self._name(address), _Record(now))
        record.wrong, record.last = record.wrong + 1, now
        while len(self._records) > SOURCES:
            self._records.popitem(last=False)

    def forget(self, now: float) -> int:
        """Forget whoever came too long ago; return how many sources are remembered."""
        while self._records:
            oldest = next(iter(self._records.values()))
            if now - oldest.since < FORGOTTEN:
                break
            self._records.popitem(last=False)
        return len(self._records)

    def running(
        self, every: float = LOOK, clock: Callable[[], float] = time.monotonic
    ) -> AbstractAsyncContextManager[None]:
        """Forget in time, also when nobody comes any more."""

        async def forget() -> None:
            self.forget(clock())

        return Rounds("guesses", forget, every=every).running()

    def _name(self, address: str) -> bytes:
        return keyed_hash(self._key, "source", _household(address))


def _household(address: str) -> str:
    """An address, or for IPv6 its /64: whoever has one of those has all of them."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        return str(ip_network((known, 64), strict=False))
    return str(known)

"""Who is calling: API keys, known by their keyed hash and looked up in memory."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.base import SecurityBase

from tocsin_common.keyed import keyed_hash, same
from tocsin_common.problems import NotAuthenticated, Unavailable
from tocsin_common.rounds import Rounds
from tocsin_common.settings import Settings

Caller = TypeVar("Caller")

REFRESH = 3.0  # seconds; a key that was disabled is refused after 5 at the latest
SOON = 0.3  # seconds between looks for a key that is not known yet

scheme = HTTPBearer(auto_error=False, description="An API key: `Authorization: Bearer <key>`")


class ByKey(SecurityBase):
    """Whoever calls, by their API key: one dependency, and a scheme in the API's document."""

    def __init__(self, who: Callable[[Request], Awaitable[Any]]) -> None:
        self.model = scheme.model
        self.scheme_name = scheme.scheme_name
        self._who = who

    async def __call__(self, request: Request) -> Any:
        return await self._who(request)


def new_key(kind: str) -> str:
    """A fresh API key like `tcs_live_3f9c…`: 32 random bytes behind a prefix scanners know."""
    return f"tcs_{kind}_{secrets.token_hex(32)}"


def hash_of(hash_key: bytes, key: str) -> bytes:
    """What is stored of an API key."""
    return keyed_hash(hash_key, "api-key", key)


class KeyRing(Generic[Caller]):
    """All callers' keys in memory: no query for a request, and news within seconds."""

    def __init__(
        self, hash_keys: Sequence[bytes], load: Callable[[], Awaitable[Mapping[bytes, Caller]]]
    ) -> None:
        self._hash_keys = hash_keys
        self._load = load
        self._callers: Mapping[bytes, Caller] = {}
        self._loaded_at = 0.0
        self._out_of_date = False
        self._loading = asyncio.Lock()

    async def caller(self, request: Request) -> Caller:
        """Return who calls.

        Raises:
            NotAuthenticated: no key, or one nobody has.
            Unavailable: nobody can say whose key it is while the database is away.
        """
        shown = request.headers.get("authorization", "")
        if not shown.startswith("Bearer "):
            raise NotAuthenticated
        digests = [hash_of(hash_key, shown[7:].strip()) for hash_key in self._hash_keys]
        if (known := self._known_by(digests)) is not None:
            return known
        await self.look_again()
        if (known := self._known_by(digests)) is not None:
            return known
        raise Unavailable if self._out_of_date else NotAuthenticated

    def _known_by(self, digests: Sequence[bytes]) -> Caller | None:
        found = map(self._callers.get, digests)
        return next((caller for caller in found if caller is not None), None)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Keep the keys fresh until the block ends."""
        return Rounds("keys", self._refresh_in_turn, every=REFRESH).running()

    async def known(self) -> Collection[Caller]:
        """Every caller, as last loaded."""
        return self._callers.values()

    async def look_again(self) -> Collection[Caller]:
        """Load the keys once for all who came since the last load, and not too often."""
        came = time.monotonic()
        async with self._loading:
            if self._loaded_at < came:
                await asyncio.sleep(max(0.0, self._loaded_at + SOON - came))
                with suppress(Exception):  # the next round tells of it
                    await self._refresh()
        return self._callers.values()

    async def _refresh_in_turn(self) -> None:
        async with self._loading:
            await self._refresh()

    async def _refresh(self) -> None:
        self._loaded_at = time.monotonic()
        try:
            self._callers = await self._load()
            self._out_of_date = False
        except Exception:
            self._out_of_date = True
            raise


async def _operator(request: Request, _: Annotated[object, Depends(scheme)]) -> None:
    settings: Settings = request.app.state.settings
    expected = settings.admin_key.get_secret_value()
    shown = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not expected or not same(shown, expected):
        raise NotAuthenticated("Send the operator's key; it is in this service's settings.")


Operator = Depends(_operator)
"""For a router whose every operation is the operator's."""

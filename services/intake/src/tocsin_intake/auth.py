"""Who may hand in complaints: integrations, by key or by their own system's signature."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from tocsin_common import rates
from tocsin_common.auth import ByKey, KeyRing, scheme
from tocsin_common.problems import NotFound, Problem, Unavailable
from tocsin_common.rates import Rates, TooManyRequests
from tocsin_intake.integrations.hotline import Hotline as KnownHotline
from tocsin_intake.integrations.hotline import Scope


class NotPermitted(Problem):
    """The key is valid, and made for something else."""

    status = 403
    code = "not_permitted"
    detail = "This key is not made for this; ask the operator for one that is."


SENT_ONCE = frozenset({"twilio", "rapidpro"})
"""Adapters whose systems never send again what was refused: a limit would lose complaints."""


class ComeAgain(Unavailable):
    """More than its limit came within a minute: its system sends it again, and nothing is lost.

    It is no 429: not every system comes again after that.
    """

    def __init__(self, full: TooManyRequests) -> None:
        super().__init__()
        self.headers = full.headers


class Hotlines(KeyRing[KnownHotline]):
    """All integrations in memory, found by key or, for adapters, by id."""

    def __init__(
        self,
        hash_keys: Sequence[bytes],
        load: Callable[[], Awaitable[Mapping[bytes, KnownHotline]]],
        note: Callable[[KnownHotline], None],
    ) -> None:
        super().__init__(hash_keys, load)
        self._note = note
        self._rates = Rates()

    async def with_id(self, integration_id: UUID, adapter: str) -> KnownHotline:
        """Return an integration that uses this adapter.

        Raises:
            NotFound: there is none.
        """
        found = await self.enabled(integration_id)
        if found.adapter != adapter:
            raise NotFound
        return found

    async def enabled(self, integration_id: UUID) -> KnownHotline:
        """Return an integration, whatever it uses.

        Raises:
            NotFound: there is none, or it was disabled.
        """
        if found := self._callers.get(integration_id.bytes):
            return found
        await self.look_again()
        if found := self._callers.get(integration_id.bytes):
            return found
        raise NotFound

    def using(self, adapter: str) -> list[KnownHotline]:
        """Every enabled integration that uses this adapter, as last loaded."""
        enabled = (one for one in self._callers.values() if one.key_id is None)
        return [one for one in enabled if one.adapter == adapter]

    async def permitted(self, request: Request, scope: Scope) -> KnownHotline:
        """Return whose key this is.

        Raises:
            NotAuthenticated: nobody's.
            NotPermitted: it is made for something else.
            TooManyRequests: more than its limit came within a minute.
        """
        hotline = await self.caller(request)
        if scope not in hotline.scopes:
            raise NotPermitted
        self.within_limits(request, hotline)
        self._note(hotline)
        return hotline

    def within_limits(self, request: Request, hotline: KnownHotline) -> None:
        """Count a request of a hotline that has a limit; its answer says how much is left.

        Raises:
            TooManyRequests: the minute's requests are used up.
        """
        limit = hotline.limits.requests_per_minute
        if limit and hotline.adapter not in SENT_ONCE:
            left = self._rates.take(hotline.integration_id.hex, limit)
            request.scope["state"][rates.HEADERS] = left

    def spoke(self, request: Request, hotline: KnownHotline) -> None:
        """Note that an integration's own system spoke, and its signature was right.

        Raises:
            ComeAgain: the minute's requests are used up.
        """
        try:
            self.within_limits(request, hotline)
        except TooManyRequests as full:
            raise ComeAgain(full) from None
        self._note(hotline)


async def hotlines(request: Request) -> Hotlines:
    """The hotlines this process knows."""
    return request.app.state.hotlines


KnownHotlines = Annotated[Hotlines, Depends(hotlines)]
Scheme = Annotated[object, Depends(scheme)]
"""For an operation that reads its key itself: the scheme stands in the API's document."""


async def _hotline(request: Request) -> KnownHotline:
    return await (await hotlines(request)).permitted(request, Scope.COMPLAINTS)


async def _live(request: Request) -> KnownHotline:
    return _no_test(await _hotline(request))


async def _holding(request: Request) -> KnownHotline:
    return _no_test(await (await hotlines(request)).permitted(request, Scope.DISCLOSURES))


def _no_test(hotline: KnownHotline) -> KnownHotline:
    if hotline.test:
        raise NotPermitted
    return hotline


Hotline = Annotated[KnownHotline, Depends(ByKey(_hotline))]
"""A hotline that may hand complaints in."""
LiveHotline = Annotated[KnownHotline, Depends(ByKey(_live))]
"""The same by a live key, where what others handed in is at stake."""
HoldingHotline = Annotated[KnownHotline, Depends(ByKey(_holding))]
"""A hotline that may see and hold what would be disclosed, by a live key."""

"""Who may hand in complaints: integrations, by key or by their own system's signature."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from tocsin_common.auth import KeyRing, scheme
from tocsin_common.problems import NotFound
from tocsin_intake.integrations import Hotline as KnownHotline


class Hotlines(KeyRing[KnownHotline]):
    """All integrations in memory, found by key or, for adapters, by id."""

    async def with_id(self, integration_id: UUID, adapter: str) -> KnownHotline:
        """Return an integration that uses this adapter.

        Raises:
            NotFound: there is none.
        """
        wanted = (integration_id, adapter)
        for look in (self.known, self.look_again):
            for hotline in await look():
                if (hotline.integration_id, hotline.adapter) == wanted:
                    return hotline
        raise NotFound


async def hotlines(request: Request) -> Hotlines:
    """The hotlines this process knows."""
    return request.app.state.hotlines


async def _hotline(
    request: Request,
    known: Annotated[Hotlines, Depends(hotlines)],
    _: Annotated[object, Depends(scheme)],
) -> KnownHotline:
    return await known.caller(request)


Hotline = Annotated[KnownHotline, Depends(_hotline)]
KnownHotlines = Annotated[Hotlines, Depends(hotlines)]

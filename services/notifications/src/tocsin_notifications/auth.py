"""Who calls: buyers, by the keys that the portal gave them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from tocsin_common.auth import KeyRing, scheme


async def _buyer(request: Request, _: Annotated[object, Depends(scheme)]) -> UUID:
    keys: KeyRing[UUID] = request.app.state.keys
    return await keys.caller(request)


CallingBuyer = Annotated[UUID, Depends(_buyer)]
"""The id of the buyer whose key was shown."""

"""Who calls: buyers, by their API key."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from tocsin_common.auth import KeyRing, scheme


@dataclass(frozen=True, slots=True)
class Caller:
    """A buyer at the door, and the key it showed."""

    buyer_id: UUID
    key_id: UUID


async def _caller(request: Request, _: Annotated[object, Depends(scheme)]) -> Caller:
    buyers: KeyRing[Caller] = request.app.state.buyers
    return await buyers.caller(request)


CallingBuyer = Annotated[Caller, Depends(_caller)]

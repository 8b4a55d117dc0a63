"""Who calls: case officers, by their API key."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from tocsin_common.auth import KeyRing, scheme


@dataclass(frozen=True, slots=True)
class Caller:
    """An officer at the door."""

    officer_id: UUID


async def _officer(request: Request, _: Annotated[object, Depends(scheme)]) -> Caller:
    officers: KeyRing[Caller] = request.app.state.officers
    return await officers.caller(request)


CallingOfficer = Annotated[Caller, Depends(_officer)]
OnlyOfficers = Depends(_officer)
"""For a router whose every operation is an officer's."""

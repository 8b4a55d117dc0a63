"""An officer opens a photo or a recording: asked for in parts, passed on, and never stored."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import UUID

from tocsin_cases.casework.opening import Asking, Wish, ask, begin
from tocsin_cases.officers.audit import Move
from tocsin_common.database import Database
from tocsin_common.problems import NotFound, Unavailable
from tocsin_contracts.vault import MOST_EVIDENCE, OpenedPart


@dataclass(frozen=True)
class Evidence:
    """A file that begins to come."""

    media_type: str
    size: int
    blocks: AsyncGenerator[bytes]


async def open_attachment(
    database: Database, asking: Asking, wish: Wish, attachment_id: UUID
) -> Evidence:
    """Ask intake for a complaint's attachment; its first part has come when this returns.

    Raises:
        NotFound: there is no such complaint, or it has no such attachment.
        NotYours: it is somebody else's.
        Problem: intake refused, and why.
        Unavailable: intake does not answer now.
    """
    assigned_at = await begin(database, wish, Move.ATTACHMENT_OPENED, attachment_id)

    async def part(number: int) -> OpenedPart:
        named = {"attachment_id": attachment_id, "part": number}
        return OpenedPart.model_validate_json(await ask(asking, wish, assigned_at, **named))

    first = await part(0)
    if first.size > MOST_EVIDENCE or not first.content:
        raise NotFound

    async def blocks() -> AsyncGenerator[bytes]:
        yield first.content
        came, number = len(first.content), 1
        while came < first.size:
            further = await part(number)
            if not further.content:
                raise Unavailable
            yield further.content
            came, number = came + len(further.content), number + 1

    return Evidence(first.media_type, first.size, blocks())

"""Attachments named in complaints become theirs, in the transaction that stores these."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import asyncpg

_CLAIM = """
update attachment set complaint_id = claim.complaint_id, expires_at = null
from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as claim(id, complaint_id, integration_id)
where attachment.id = claim.id and attachment.integration_id = claim.integration_id
    and attachment.complaint_id is null and attachment.stored and attachment.expires_at > now()
returning attachment.complaint_id
"""
_LET_GO = """
update attachment set complaint_id = null, expires_at = created_at + interval '1 day'
where complaint_id = any($1::uuid[])
"""
_FORGET = "delete from acceptance where complaint_id = any($1::uuid[])"


class Claimant(Protocol):
    """A complaint about to be stored."""

    @property
    def complaint_id(self) -> UUID: ...
    @property
    def integration_id(self) -> UUID: ...
    @property
    def attachments(self) -> Sequence[UUID]: ...


async def claim(
    connection: "asyncpg.Connection[asyncpg.Record]", complaints: Sequence[Claimant]
) -> frozenset[UUID]:
    """Give complaints their attachments; return those that cannot have all they name.

    Of these nothing stays: neither an attachment nor a reference is claimed. Rows are touched in
    the order of their ids.
    """
    claims = sorted(
        (attachment, one.complaint_id, one.integration_id)
        for one in complaints
        for attachment in one.attachments
    )
    if not claims:
        return frozenset()
    rows = await connection.fetch(
        _CLAIM,
        [attachment for attachment, _, _ in claims],
        [complaint for _, complaint, _ in claims],
        [integration for _, _, integration in claims],
    )
    given = [row["complaint_id"] for row in rows]
    short = frozenset(
        one.complaint_id
        for one in complaints
        if given.count(one.complaint_id) < len(one.attachments)
    )
    if short:
        await connection.execute(_LET_GO, list(short))
        await connection.execute(_FORGET, list(short))
    return short

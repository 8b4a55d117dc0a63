"""Mail as a way to tell: what a delivery carries, written in its buyer's language and posted."""

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from tocsin_common.database import Database, driver
from tocsin_contracts.alerts import Alert
from tocsin_notifications.deliveries.outcomes import Answer, Unreached
from tocsin_notifications.deliveries.queue import Due
from tocsin_notifications.mail import letters
from tocsin_notifications.mail.letters import Letter, Reader, Told
from tocsin_notifications.mail.message import compose, envelope_sender
from tocsin_notifications.mail.smtp import Post
from tocsin_notifications.mail.tokens import For, token
from tocsin_notifications.models import Purpose
from tocsin_notifications.webhooks.payload import link_to

_READER = "select name, language from buyer where id = $1"
_ALERTS = """
select alert.alert_id, alert.type, alert.statement
from unnest($1::uuid[], $2::int[]) with ordinality as wanted(alert_id, version, place)
join alert_version as alert
    on alert.alert_id = wanted.alert_id and alert.version = wanted.version
order by wanted.place
"""


@dataclass(frozen=True)
class Addresses:
    """What letters are sent from, and what their links lead to."""

    sender: str
    bounces: str
    portal_url: str
    public_url: str
    link_key: bytes


class Mailing:
    """Sends to mail addresses."""

    def __init__(self, database: Database, post: Post, addresses: Addresses) -> None:
        self._database = database
        self._post = post
        self._addresses = addresses

    def running(self) -> AbstractAsyncContextManager[None]:
        """Hold what sending needs until the block ends."""
        return self._post.running()

    def rest(self) -> float:
        """For how many seconds the mail server is left alone."""
        return self._post.rest()

    async def send(self, due: Due) -> Answer | Unreached:
        """Write a delivery and hand it to the mail server."""
        letter, reader = await self._letter(due)
        written = letters.write(letter, reader.language)
        message = compose(
            written,
            sender=self._addresses.sender,
            to=due.address,
            delivery_id=due.id,
            endpoint_id=due.endpoint_id,
            alert_id=due.alert_id,
            unsubscribe=letter.unsubscribe,
            now=datetime.now(UTC),
        )
        sender = envelope_sender(self._addresses.bounces, self._addresses.sender, due.id)
        return await self._post.hand_over(message, sender=sender, to=due.address)

    async def _letter(self, due: Due) -> tuple[Letter, Reader]:
        said: dict[str, Any] = json.loads(due.body)["data"]
        wanted = _wanted(due, said)
        async with self._database.begin() as tx:
            connection = await driver(tx)
            buyer = await connection.fetchrow(_READER, due.buyer_id)
            rows = await connection.fetch(
                _ALERTS, [one for one, _ in wanted], [version for _, version in wanted]
            )
        reader = Reader(
            buyer=buyer["name"] if buyer else "",
            language=buyer["language"] if buyer else "en",
            unsubscribe=self._link(For.UNSUBSCRIBE, due.endpoint_id),
        )
        told = [self._told(row) for row in rows]
        match due.purpose:
            case Purpose.VERIFICATION:
                link = self._link(For.CONFIRM, due.endpoint_id)
                return letters.of_confirmation(link, reader), reader
            case Purpose.NOTICE:
                return letters.of_disabled(said["endpoint"], said["reason"], reader), reader
            case Purpose.TEST:
                return letters.of_test(reader), reader
            case Purpose.DIGEST:
                return letters.of_digest(told, reader), reader
            case _:
                return letters.of_alert(told[0], reader), reader

    def _told(self, row: Record) -> Told:
        statement = row["statement"]  # none is kept of what is not verified
        return Told(
            alert_id=str(row["alert_id"]),
            type=row["type"],
            link=link_to(row["alert_id"], self._addresses.portal_url),
            alert=Alert.model_validate_json(statement) if statement else None,
        )

    def _link(self, purpose: For, endpoint_id: UUID) -> str:
        path = "confirm" if purpose is For.CONFIRM else "unsubscribe"
        signed = token(self._addresses.link_key, purpose, endpoint_id)
        return f"{self._addresses.public_url.rstrip('/')}/mail/{path}/{signed}"


def _wanted(due: Due, said: dict[str, Any]) -> Sequence[tuple[UUID, int]]:
    """The alert versions that a delivery tells."""
    if due.alert_id and due.alert_version:
        return [(due.alert_id, due.alert_version)]
    return [(UUID(one["alert_id"]), one["version"]) for one in said.get("alerts", ())]

"""Mail as a way to tell: what a delivery carries, written in its buyer's language and posted."""

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from asyncpg import Record

from tocsin_common.database import Database, driver
from tocsin_contracts.alerts import Alert
from tocsin_notifications.deliveries.outcomes import Answer, Unreached
from tocsin_notifications.deliveries.queue import Due
from tocsin_notifications.mail import letters
from tocsin_notifications.mail.letters import Letter, Reader, Told
from tocsin_notifications.mail.message import compose
from tocsin_notifications.mail.smtp import Post
from tocsin_notifications.mail.tokens import For, token, way_back
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
# A digest that was held up says nothing that its reader has heard is otherwise since: it tells the
# newest version that was planned there and has no older one still to be sent after it. While it is
# leased, no mail about its alerts is.
_GATHERED = """
select alert.alert_id, alert.type, alert.statement
from unnest($1::uuid[], $2::int[]) with ordinality as wanted(alert_id, version, place)
cross join lateral (
    select newest.* from alert_version as newest
    where newest.alert_id = wanted.alert_id and newest.version >= wanted.version
        and newest.statement <> '' and (newest.version = wanted.version or exists (
            select from delivery
            where delivery.alert_id = newest.alert_id and delivery.endpoint_id = $3
                and delivery.alert_version = newest.version
                and delivery.state in ('waiting', 'delivered', 'failed')
        ))
        and not exists (
            select from delivery as older
            where older.alert_id = newest.alert_id and older.endpoint_id = $3
                and older.alert_version > wanted.version
                and older.alert_version < newest.version and older.state = 'waiting'
        )
    order by newest.version desc
    limit 1
) as alert
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
        ours = self._addresses
        sender = parseaddr(ours.sender)[1]
        if ours.bounces:
            sender = way_back(ours.link_key, ours.bounces, due.id)
        return await self._post.hand_over(message, sender=sender, to=due.address)

    async def _letter(self, due: Due) -> tuple[Letter, Reader]:
        said: dict[str, Any] = json.loads(due.body)["data"]
        wanted = _wanted(due, said)
        async with self._database.begin() as tx:
            connection = await driver(tx)
            buyer = await connection.fetchrow(_READER, due.buyer_id)
            which = [one for one, _ in wanted], [version for _, version in wanted]
            if due.purpose == Purpose.DIGEST:
                rows = await connection.fetch(_GATHERED, *which, due.endpoint_id)
            else:
                rows = await connection.fetch(_ALERTS, *which)
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
                kind = said.get("kind", "webhook")
                return letters.of_disabled(said["endpoint"], kind, said["reason"], reader), reader
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

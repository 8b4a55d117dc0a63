"""Webhooks: a delivery signed for its endpoint and posted there."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from tocsin_notifications import signing
from tocsin_notifications.outbound import Outbound
from tocsin_notifications.outcomes import Answer, Unreached
from tocsin_notifications.payload import CONTENT_TYPE
from tocsin_notifications.queue import Due


class Posting:
    """Sends to webhooks."""

    def __init__(self, outbound: Outbound, webhook_key: bytes) -> None:
        self._outbound = outbound
        self._webhook_key = webhook_key

    def running(self) -> AbstractAsyncContextManager[None]:
        """Hold connections until the block ends."""
        return self._outbound.running()

    async def send(self, due: Due) -> Answer | Unreached:
        """Post a delivery, signed anew for this attempt."""
        generations = [due.secret_generation, due.previous_generation]
        schemes = [
            signing.v1(signing.secret_of(self._webhook_key, due.endpoint_id, one))
            for one in generations
            if one is not None
        ]
        signed = signing.headers(due.id, datetime.now(UTC), due.body, schemes)
        try:
            return await self._outbound.post(
                due.address, due.body, {"content-type": CONTENT_TYPE, **signed}
            )
        except Unreached as error:
            return error

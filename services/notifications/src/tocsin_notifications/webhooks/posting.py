"""Webhooks: a delivery signed for its endpoint and posted there."""

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache, partial

from nacl.signing import SigningKey

from tocsin_notifications.deliveries.outcomes import Answer, Unreached
from tocsin_notifications.deliveries.queue import Due
from tocsin_notifications.models import Purpose
from tocsin_notifications.webhooks import signing
from tocsin_notifications.webhooks.outbound import Outbound
from tocsin_notifications.webhooks.payload import CONTENT_TYPE

SECRETS = 10_000  # of endpoints, kept so that they are not derived for every attempt


class Posting:
    """Sends to webhooks."""

    def __init__(
        self, outbound: Outbound, webhook_key: bytes, signing_keys: Sequence[SigningKey]
    ) -> None:
        """Say how it signs.

        Args:
            outbound: the way out.
            webhook_key: endpoints' secrets are derived under it.
            signing_keys: the installation's own, each of which signs everything.
        """
        self._outbound = outbound
        self._secret_of = lru_cache(SECRETS)(partial(signing.secret_of, webhook_key))
        self._installation = [signing.v1a(key) for key in signing_keys]

    def running(self) -> AbstractAsyncContextManager[None]:
        """Hold connections until the block ends."""
        return self._outbound.running()

    def rest(self) -> float:
        """The internet is never away as a whole."""
        return 0

    async def send(self, due: Due) -> Answer | Unreached:
        """Post a delivery, signed anew for this attempt."""
        generations = [due.secret_generation, due.previous_generation]
        shared = [
            signing.v1(self._secret_of(due.endpoint_id, one))
            for one in generations
            if one is not None
        ]
        signed = signing.headers(
            due.id, datetime.now(UTC), due.body, [*shared, *self._installation]
        )
        try:
            answer = await self._outbound.post(
                due.address, due.body, {"content-type": CONTENT_TYPE, **signed}
            )
        except Unreached as error:
            return error
        if due.purpose != Purpose.VERIFICATION:
            return answer
        challenge = json.loads(due.body)["data"]["challenge"]
        return replace(answer, unproven=challenge not in answer.excerpt)

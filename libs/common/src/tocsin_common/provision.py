"""The one idempotent job that makes streams and consumers what the declaration says.

Run it as `python -m tocsin_common.provision`; running it again changes nothing.
"""

import asyncio
import logging
import os
import sys
from datetime import timedelta
from pathlib import Path

import nats
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from tocsin_common.tls import tls_for
from tocsin_contracts.permissions import PROVISION, inbox_prefix
from tocsin_contracts.streams import CONSUMERS, STREAMS, Consumer, Stream

log = logging.getLogger("tocsin.provision")

KEPT = timedelta(days=35).total_seconds()
DUPLICATES = timedelta(minutes=10).total_seconds()
ACK_WAIT = 10.0  # seconds until an unsettled event comes again
IN_FLIGHT = 2000  # events of one consumer that may be unsettled
PATIENCE = 60.0  # seconds to wait for the server


class ProvisionSettings(BaseSettings):
    """Where the broker is, and how large and how safe its streams are."""

    model_config = SettingsConfigDict(
        env_prefix="TOCSIN_", secrets_dir=os.environ.get("TOCSIN_SECRETS_DIR"), extra="ignore"
    )

    nats_url: str = "nats://127.0.0.1:4222"
    """One server, or several with commas between them."""
    nats_password: SecretStr = SecretStr("")
    """Of the NATS user `provision`."""
    nats_ca_file: Path | None = None
    """Whose certificate NATS must show, where its URL is `tls://`."""
    stream_replicas: int = 1
    """How many servers keep each stream."""
    stream_max_bytes: int = 1 << 30
    """How large each may become; the account's limit must hold all of them and their copies."""


def stream_config(stream: Stream, *, replicas: int, max_bytes: int) -> StreamConfig:
    """How a stream is kept: on disk, 35 days, refusing rather than forgetting when full."""
    return StreamConfig(
        name=stream.name,
        subjects=[stream.subjects],
        storage=StorageType.FILE,
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        max_age=KEPT,
        max_bytes=max_bytes,
        max_msg_size=1_000_000,
        duplicate_window=DUPLICATES,
        num_replicas=replicas,
        allow_atomic=True,
        deny_delete=True,
        deny_purge=True,
    )


def consumer_config(consumer: Consumer) -> ConsumerConfig:
    """How a fact is handed over: explicitly acknowledged, as often as it takes."""
    return ConsumerConfig(
        name=consumer.name,
        durable_name=consumer.name,
        filter_subject=consumer.event.subject,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT,
        max_deliver=-1,
        max_ack_pending=IN_FLIGHT,
    )


async def provision(jetstream: JetStreamContext, settings: ProvisionSettings) -> None:
    """Create what is missing and bring what is there to its declared form."""
    for stream in STREAMS:
        config = stream_config(
            stream, replicas=settings.stream_replicas, max_bytes=settings.stream_max_bytes
        )
        try:
            await jetstream.stream_info(stream.name)
            await jetstream.update_stream(config)
        except NotFoundError:
            await jetstream.add_stream(config)
            log.info("stream %s is new", stream.name)
    for consumer in CONSUMERS:
        await jetstream.add_consumer(consumer.stream.name, consumer_config(consumer))


async def _run() -> None:
    settings = ProvisionSettings()
    tls = tls_for(settings.nats_url, settings.nats_ca_file)
    async with asyncio.timeout(PATIENCE):
        client = await nats.connect(
            settings.nats_url.split(","),
            user=PROVISION,
            password=settings.nats_password.get_secret_value(),
            tls=tls,
            tls_handshake_first=tls is not None,
            inbox_prefix=inbox_prefix(PROVISION),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.2,  # pyright: ignore[reportArgumentType]
            error_cb=_quietly,
        )
        try:
            await provision(client.jetstream(timeout=10), settings)
        finally:
            await client.close()
    log.info("%d streams and %d consumers are as declared", len(STREAMS), len(CONSUMERS))


async def _quietly(_: Exception) -> None:
    return None


def main() -> int:
    """Provision; say what to do when it cannot."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        asyncio.run(_run())
    except TimeoutError:
        log.error("NATS was silent for %d s: is it running, is the password right?", PATIENCE)  # noqa: TRY400
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

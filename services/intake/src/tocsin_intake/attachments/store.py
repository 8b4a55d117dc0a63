"""Where sealed attachments lie: a directory, or a bucket of any S3-compatible store."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from tocsin_common.errors import place_of
from tocsin_common.problems import Unavailable
from tocsin_intake.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

log = logging.getLogger("tocsin.attachments")

TIMEOUT = timedelta(seconds=20)


class StoreAway(Unavailable):
    """The store does not answer, or may not be used as it is."""


class Store:
    """A place for sealed bytes by id, which keeps nothing of what was deleted."""

    def __init__(self, settings: Settings) -> None:
        self._place = _place(settings)

    async def put(self, name: UUID, sealed: bytes) -> None:
        """Keep `sealed`.

        Raises:
            StoreAway: it could not be kept, or would be kept for ever.
        """
        try:
            kept = await obstore.put_async(self._place, _path(name), sealed, use_multipart=False)
        except (BaseError, OSError) as error:
            log.warning("an attachment could not be stored: %s", place_of(error))
            raise StoreAway from None
        if kept["version"] is not None:
            log.error("the store of attachments keeps versions: switch versioning off")
            await self.delete([name])
            raise StoreAway

    async def get(self, name: UUID) -> bytes:
        """Return what was kept.

        Raises:
            StoreAway: the store has not got it now.
        """
        try:
            found = await obstore.get_async(self._place, _path(name))
            return bytes(await found.bytes_async())
        except (BaseError, OSError) as error:
            log.warning("an attachment could not be read: %s", place_of(error))
            raise StoreAway from None

    async def get_some(self, name: UUID, begin: int, end: int) -> bytes:
        """Return a part of what was kept; less, if less is there.

        Raises:
            StoreAway: the store has not got it now.
        """
        try:
            return bytes(
                await obstore.get_range_async(self._place, _path(name), start=begin, end=end)
            )
        except (BaseError, OSError) as error:
            log.warning("an attachment could not be read: %s", place_of(error))
            raise StoreAway from None

    async def delete(self, names: Sequence[UUID]) -> None:
        """Keep these no longer; what is not there is no error.

        Raises:
            StoreAway: some may still be there.
        """
        for name in names:
            try:
                await obstore.delete_async(self._place, _path(name))
            except FileNotFoundError:
                continue
            except (BaseError, OSError) as error:
                log.warning("an attachment could not be deleted: %s", place_of(error))
                raise StoreAway from None


def _path(name: UUID) -> str:
    return f"{name.hex[:2]}/{name.hex}"


def _place(settings: Settings) -> LocalStore | S3Store:
    url = settings.attachments_url
    if url.startswith("file://"):
        return LocalStore(url.removeprefix("file://"), mkdir=True)
    config: S3Config = {"region": settings.attachments_region}
    if settings.attachments_endpoint:
        config["endpoint"] = settings.attachments_endpoint
    if key_id := settings.attachments_key_id.get_secret_value():
        config["access_key_id"] = key_id
        config["secret_access_key"] = settings.attachments_secret_key.get_secret_value()
    plain = settings.attachments_endpoint.startswith("http://")
    options: ClientConfig = {"timeout": TIMEOUT, "allow_http": plain}
    return S3Store.from_url(url, config=config, client_options=options)

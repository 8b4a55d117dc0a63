"""`python -m tocsin_intake.erasure`: erases again what a restored backup brought back."""

import asyncio
import logging

from tocsin_common import telemetry
from tocsin_common.database import Database
from tocsin_common.signatures import Signer
from tocsin_contracts.streams import INTAKE
from tocsin_intake.erasure.keeper import Keeper
from tocsin_intake.erasure.service import Eraser
from tocsin_intake.settings import Settings

log = logging.getLogger("tocsin.erasure")


async def main() -> None:
    settings = Settings()  # pyright: ignore[reportCallIssue] - from the environment
    telemetry.set_up(INTAKE, otlp_endpoint="", ratio=0)
    if settings.erasure_ledger is None:
        log.warning("there is no erasure ledger; nothing can be erased again")
        return
    url, ca_file = settings.database_url.get_secret_value(), settings.database_ca_file
    database = Database(url, name="intake-erasure", ca_file=ca_file)
    eraser = Eraser(Signer(settings.certificate_key), settings.backup_days, settings.erasure_ledger)
    try:
        back = await Keeper(database, eraser, settings.retention_days).replay()
    finally:
        await database.close()
    log.info("erased again: %d", back)


asyncio.run(main())

"""The floor of delivering: `delivery_floor.py PORT COUNT AT_ONCE`.

Posts bodies of the same size with the same signatures by the same client, and nothing else: no
database, no queue, nothing noted. Prints one JSON object.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

import aiohttp
import uvloop

from tocsin_common.service import settle_memory
from tocsin_notifications.webhooks import payload, signing

KEY = b"k" * 32


async def main(port: int, count: int, at_once: int) -> dict[str, float]:
    schemes = [signing.v1(signing.secret_of(KEY, uuid4(), 1)), signing.v1a(signing.key_of(KEY, 1))]
    body = payload.test_body(uuid4(), datetime.now(UTC)).ljust(220)
    left = iter(range(count))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        async def send() -> None:
            for number in left:
                signed = signing.headers(uuid4(), datetime.now(UTC), body, schemes)
                headers = {"content-type": payload.CONTENT_TYPE, **signed}
                url = f"http://127.0.0.1:{port}/{number % 100}"
                async with http.post(url, data=body, headers=headers) as answer:
                    await answer.read()

        began, spent = time.perf_counter(), time.process_time()
        await asyncio.gather(*(send() for _ in range(at_once)))
        took, used = time.perf_counter() - began, time.process_time() - spent
    return {"per_s": count / took, "cpu_s_per_1000": used / count * 1000}


if __name__ == "__main__":
    settle_memory()
    PORT, COUNT, AT_ONCE = map(int, sys.argv[1:])
    print(json.dumps(uvloop.run(main(PORT, COUNT, AT_ONCE))))

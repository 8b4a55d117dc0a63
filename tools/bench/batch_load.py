"""Sends one batch and reads its results: `batch_load.py URL KEY LINES PID-OF-INTAKE`."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator

import aiohttp
from processes import resident_mb

AT_ONCE = 100


async def main(url: str, key: str, count: int, pid: int) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    began, accepted, peak = time.perf_counter(), 0, 0.0
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.post(url, data=lines(count), headers=headers) as answer,
    ):
        async for line in answer.content:
            accepted += b'"status":201' in line
            if accepted % 2000 == 0:
                peak = max(peak, resident_mb([pid]))
    if accepted != count:
        raise SystemExit(f"{accepted} of {count} lines were accepted")
    print(json.dumps({"seconds": time.perf_counter() - began, "peak_mb": peak}))


async def lines(count: int) -> AsyncGenerator[bytes]:
    for first in range(0, count, AT_ONCE):
        yield b"".join(a_line(number) for number in range(first, min(first + AT_ONCE, count)))


def a_line(number: int) -> bytes:
    complaint = {
        "external_ref": f"BATCH-{number}",
        "words": f"We have not been paid since March, says number {number}. " * 4,
        "facility": {"name": f"Silver Heron Assembly {number % 500}", "country": "VN"},
        "issues": ["wages.unpaid"],
        "source": {"kind": "phone", "handle": f"+84 000 {number:06d}"},
    }
    return json.dumps(complaint).encode() + b"\n"


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))

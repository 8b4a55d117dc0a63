"""A load from a process of its own: `load.py URL KEY CONNECTIONS SECONDS RATE FACILITIES FIRST`.

Prints one JSON object: answers by status and per second, latencies in milliseconds, and what
the load itself cost. With a rate,
requests leave at fixed times whether or not answers have come, so that waiting is not hidden;
rate 0 sends as fast as answers come. Complaints name the bench's facilities in turn, from FIRST.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import uvloop
from world import os_id

WORDS = (
    "We work eleven hours a day and have one day off in the month. Overtime is not on the pay "
    "slip, and who asks about it is moved to the line where it is hot. Wages came three weeks "
    "late in March and have not come since. The supervisor keeps the passports of the people "
    "from abroad in his desk and says they may have them back when the contract ends. We do not "
    "know whom to ask; the number we were given inside the factory is never answered."
)


def request(host: str, path: str, key: str, number: str, facility: int) -> bytes:
    """One POST of a complaint of about 600 bytes, with a reference nobody used before."""
    body = json.dumps(
        {
            "external_ref": number,
            "words": WORDS,
            "facility": {
                "os_id": os_id(facility),
                "name": f"Bench Facility {facility}",
                "country": "BD",
            },
            "issues": ["wages.unpaid"],
            "source": {"kind": "phone", "handle": number},
            "consent": {"share": "given"},
            "attestation": {"genuine": True},
        }
    ).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One keep-alive connection: a request, its whole answer, the next request."""

    def __init__(self) -> None:
        self._transport = cast("asyncio.WriteTransport", None)
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, split, rest = self._buffer.partition(b"\r\n\r\n")
        if not split:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) >= length and self._answer:
            self._buffer = rest[length:]
            self._answer.set_result(int(head[9:12]))

    async def send(self, message: bytes) -> int:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        return await self._answer


@dataclass(frozen=True)
class Task:
    """What to send, and how fast."""

    url: str
    key: str
    connections: int
    seconds: float
    rate: float
    facilities: int
    first: int


async def run(task: Task) -> dict[str, object]:
    parts = urlsplit(task.url)
    host, port = parts.hostname or "", parts.port or 80
    loop = asyncio.get_running_loop()
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(task.connections):
        free.put_nowait((await loop.create_connection(Connection, host, port))[1])
    prefix = f"bench-{time.time_ns()}"
    took: list[float] = []
    statuses: Counter[int] = Counter()

    async def one(number: int, due: float) -> None:
        connection = await free.get()
        facility = (task.first + number) % task.facilities
        message = request(host, parts.path, task.key, f"{prefix}-{number}", facility)
        statuses[await connection.send(message)] += 1
        took.append(time.perf_counter() - due)
        free.put_nowait(connection)

    async def worker(at: int) -> None:
        number = at
        while time.perf_counter() < end:
            await one(number, time.perf_counter())
            number += task.connections

    cpu_before = time.process_time()
    began = time.perf_counter()
    end = began + task.seconds
    if task.rate:
        tasks: list[asyncio.Task[None]] = []
        for number in range(int(task.rate * task.seconds)):
            due = began + number / task.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(one(number, due)))
        await asyncio.gather(*tasks)
    else:
        await asyncio.gather(*(worker(at) for at in range(task.connections)))
    lasted = time.perf_counter() - began
    took.sort()
    return {
        "per_s": statuses[201] / lasted,
        "statuses": dict(statuses),
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[int(len(took) * 0.99)] * 1000,
        "cpu_s": time.process_time() - cpu_before,
    }


if __name__ == "__main__":
    URL, KEY, CONNECTIONS, SECONDS, RATE, COUNT, FIRST = sys.argv[1:]
    numbers = (int(CONNECTIONS), float(SECONDS), float(RATE), int(COUNT), int(FIRST))
    print(json.dumps(uvloop.run(run(Task(URL, KEY, *numbers)))))
